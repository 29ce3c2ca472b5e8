package agent

import (
	"sync"
	"time"
)

// inDatabase is what only the database knows. While that is copied nobody gets
// an answer from it; then what it said last is told.
type inDatabase struct {
	mu      sync.Mutex
	asking  chan struct{} // closed with the answer; nil while nobody asks
	closed  bool
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
	if d.closed || d.asking != nil && d.hasSaid {
		defer d.mu.Unlock()
		return d.said
	}
	if d.asking == nil {
		d.asking = make(chan struct{})
		go d.read(read, d.asking)
	}
	answered, patience := d.asking, databasePatience
	if !d.hasSaid {
		patience = forGood
	}
	d.mu.Unlock()
	waitAtMost(answered, patience)
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.said
}

func (d *inDatabase) read(read func() databaseFacts, answered chan struct{}) {
	said, ok := tolerant(read)
	d.mu.Lock()
	defer d.mu.Unlock()
	if ok {
		d.said, d.hasSaid = said, true
	}
	d.asking = nil
	close(answered)
}

// close lets nobody ask any more, and waits for who has: etcd takes the database
// away while it is being read.
func (d *inDatabase) close() {
	d.mu.Lock()
	d.closed = true
	answered := d.asking
	d.mu.Unlock()
	if answered != nil {
		waitAtMost(answered, closeGrace)
	}
}

const forGood = time.Hour

func waitAtMost(done <-chan struct{}, atMost time.Duration) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// tolerant reads from a database that may be closing, where etcd has ended by
// itself: it then follows a pointer that it has just taken away.
func tolerant(read func() databaseFacts) (said databaseFacts, ok bool) {
	defer func() {
		if recover() != nil {
			said, ok = databaseFacts{}, false
		}
	}()
	return read(), true
}

// facts asks the database.
func (s *server) facts() databaseFacts {
	return s.database.ask(func() databaseFacts {
		kv := s.Server.KV()
		return databaseFacts{revision: kv.Rev(), compacted: kv.FirstRev(), form: s.form()}
	})
}
