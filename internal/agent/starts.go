package agent

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// etcd ends the process when it cannot go on: zap's Fatal, a panic in a
// goroutine of its own, a fault in mapped memory. What it said last is kept on
// the volume, and starts that did not survive are counted there, so that the
// next process can tell the operator instead of only dying again.

// settleAfter is how long etcd must have lived for a start to count as good.
const settleAfter = 10 * time.Second

// maxLastWords bounds what is kept of a dying process.
const maxLastWords = 600

type startsRecord struct {
	Unfinished int       `json:"unfinished"`
	LastWords  string    `json:"lastWords,omitempty"`
	At         time.Time `json:"at"`
}

// starts keeps the record of one volume.
type starts struct {
	layout layout
	mu     sync.Mutex
	record startsRecord
}

// readStarts returns the failed starts in a row and what the last one said. A
// record that cannot be read counts as none: it protects nothing but patience.
func readStarts(l layout) (failures int, words string) {
	record := readStartsRecord(l)
	if record.LastWords == "" && record.Unfinished > 0 {
		record.LastWords = crashOutput(l)
	}
	return record.Unfinished, record.LastWords
}

func readStartsRecord(l layout) startsRecord {
	var record startsRecord
	content, err := os.ReadFile(l.startsFile())
	if err != nil || json.Unmarshal(content, &record) != nil {
		return startsRecord{}
	}
	return record
}

// begin counts a start as failed until settled says otherwise, and directs the
// runtime's own dying words to the volume.
func (s *starts) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = startsRecord{Unfinished: readStartsRecord(s.layout).Unfinished + 1, At: time.Now().UTC()}
	if err := s.write(); err != nil {
		return err
	}
	f, err := os.OpenFile(s.layout.crashFile(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create crash file: %w", err)
	}
	defer func() { _ = f.Close() }() // the runtime keeps a duplicate
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return fmt.Errorf("set crash output: %w", err)
	}
	return nil
}

// died records what etcd said before it took the process down.
func (s *starts) died(words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.Unfinished = max(s.record.Unfinished, 1)
	s.record.LastWords, s.record.At = clip(words), time.Now().UTC()
	_ = s.write() // the process is dying; there is nobody left to tell
}

// settled forgets earlier failures: this start is a good one.
func (s *starts) settled() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = startsRecord{}
	return removeDurable(s.layout.startsFile())
}

// forgive leaves room for one more try after the agent stayed up to report.
func (s *starts) forgive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = readStartsRecord(s.layout)
	s.record.Unfinished = min(s.record.Unfinished, maxFailures-1)
	return s.write()
}

func (s *starts) write() error {
	content, err := json.Marshal(s.record)
	if err != nil {
		return fmt.Errorf("encode starts: %w", err)
	}
	return writeDurable(s.layout.startsFile(), append(content, '\n'))
}

// crashOutput returns the runtime's first words about the last crash.
func crashOutput(l layout) string {
	f, err := os.Open(l.crashFile())
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	scanner := bufio.NewScanner(io.LimitReader(f, 64<<10))
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			return clip(line)
		}
	}
	return ""
}

func clip(s string) string {
	if len(s) <= maxLastWords {
		return s
	}
	return s[:maxLastWords] + "..."
}
