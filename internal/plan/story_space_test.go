package plan

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// database is a member's, in MiB.
type database struct {
	size, inUse, quota, compacted int64
	copies                        bool
	last                          *control.Defragmentation
	stuck                         bool // a defragmentation does not end
	freed                         bool // it was compacted since it was copied
}

func (d *database) tell(key, value string) (err error) {
	switch key {
	case "db":
		d.compacted = -1
		if n, _ := fmt.Sscanf(value, "%d/%d/%d/%d", &d.size, &d.inUse, &d.quota, &d.compacted); n < 3 {
			return fmt.Errorf("want size/inuse/quota[/compacted]")
		}
	case "copies":
		d.copies = value != "false"
		d.stuck = d.copies
	case "copied":
		d.last = &control.Defragmentation{}
		d.last.Seconds, err = strconv.ParseFloat(value, 64)
	case "failed":
		d.last = &control.Defragmentation{Error: value}
	}
	return err
}

func (l *lab) tellDefragmentation(value string) {
	d := &l.desired.Defragmentation
	*d = Defragmentation{}
	if n, _ := fmt.Sscanf(value, "%d/%d/%f", &d.FreePercent, &d.MinFree, &d.MaxPause); n == 3 {
		d.Now, d.MinFree = true, d.MinFree<<20
	}
}

// performMaintenance does what gives space back.
func (l *lab) performMaintenance(a Action) {
	switch a := a.(type) {
	case Compact:
		l.compacted = a.Revision
		for _, p := range l.plights {
			p.db.freed = p.db.compacted >= 0 // which shows after the next write
		}
	case Defragment:
		db := &l.plights[a.Name].db
		if db.freed {
			db.inUse, db.freed = db.compacted, false
		}
		db.size, db.last, db.copies = db.inUse, &control.Defragmentation{Seconds: 2, Bytes: db.inUse << 20, Compacted: l.compacted}, db.stuck
	case Nudge:
		for _, p := range l.plights {
			p.idle = false
		}
	case DisarmNoSpace:
		l.full = slices.DeleteFunc(l.full, func(id etcd.MemberID) bool { return slices.Contains(a.IDs, id) })
	}
}

// database adds to a report what a member tells of its database.
func (l *lab) database(name etcd.MemberName, r *control.Report) {
	if e, db := r.Etcd, l.plights[name].db; e != nil {
		e.Revision, e.Compacted, e.NoSpace = l.revision, l.compacted, l.full
		e.DBSize, e.DBSizeInUse, e.Quota = db.size<<20, db.inUse<<20, db.quota<<20
		e.Defragmenting, e.Defragmented = db.copies, db.last
	}
}
