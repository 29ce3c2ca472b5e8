package agent

import (
	"sync"
	"time"
)

// inDatabase is what only the database knows. While that is copied nobody gets
// an answer from it; then what it said last is told.
type inDatabase struct {
	mu      sync.Mutex
	asking  bool
	said    databaseFacts
	hasSaid bool
}

type databaseFacts struct {
	revision, compacted int64
	form                string
}

// databasePatience is how long a report waits for the database.
const databasePatience = 200 * time.Millisecond

// ask returns what the database says, or has said last. Until it has said
// anything the caller waits: nothing is made up.
func (d *inDatabase) ask(read func() databaseFacts) databaseFacts {
	d.mu.Lock()
	if d.asking && d.hasSaid {
		defer d.mu.Unlock()
		return d.said
	}
	d.asking = true
	known := d.hasSaid
	d.mu.Unlock()
	answer := make(chan databaseFacts, 1)
	go func() {
		said := read()
		d.mu.Lock()
		d.said, d.hasSaid, d.asking = said, true, false
		d.mu.Unlock()
		answer <- said
	}()
	if !known {
		return <-answer
	}
	timer := time.NewTimer(databasePatience)
	defer timer.Stop()
	select {
	case said := <-answer:
		return said
	case <-timer.C:
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.said
	}
}

// facts asks the database.
func (s *server) facts() databaseFacts {
	return s.database.ask(func() databaseFacts {
		kv := s.Server.KV()
		return databaseFacts{revision: kv.Rev(), compacted: kv.FirstRev(), form: s.form()}
	})
}
