package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// good is a history of concurrent writers and a reader: some attempts fail,
// and of those some took place.
func good(writes int) History {
	r := rand.New(rand.NewPCG(1, 2))
	var h History
	h.Operations = append(h.Operations, Operation{Kind: kindGet, Key: "k0", Call: 1, Return: 2, Revision: 1})
	versions, revision, clock := map[string]int64{}, int64(1), int64(1000)
	for n := range writes {
		key, value := fmt.Sprintf("k%d", n%3), fmt.Sprintf("%d.1", n)
		o := Operation{Kind: kindPut, Key: key, Value: value, Call: clock - r.Int64N(30) - 1, Return: clock + r.Int64N(30) + 1}
		took := true
		if n%7 == 0 {
			o.Error, took = "deadline exceeded", n%14 == 0
		}
		if took {
			revision++
			versions[key]++
			h.Events = append(h.Events, Event{Key: key, Value: value, Revision: revision, Version: versions[key]})
			if o.Error == "" {
				o.Revision = revision
			}
			h.Operations = append(h.Operations, Operation{
				Kind: kindGet, Key: key, Value: value, Call: clock, Return: clock + 3, Revision: revision, ModRevision: revision, Version: versions[key],
			})
		}
		h.Operations = append(h.Operations, o)
		clock += 10
	}
	slices.SortStableFunc(h.Operations, func(a, b Operation) int { return cmp.Compare(a.Call, b.Call) })
	return h
}

func verdict(h History) error {
	result, err := h.validate()
	if err != nil {
		return err
	}
	return result.Error()
}

func TestGoodHistory(t *testing.T) {
	if err := verdict(good(2000)); err != nil {
		t.Fatal(err)
	}
}

// TestBadHistories: each way in which a cluster may betray its clients is seen.
func TestBadHistories(t *testing.T) {
	read := func(h *History) *Operation {
		for i := range h.Operations {
			if o := &h.Operations[i]; o.Kind == kindGet && o.Revision > 50 {
				return o
			}
		}
		return nil
	}
	for name, c := range map[string]struct {
		spoil func(*History)
		want  string
	}{
		"an acknowledged write is lost": {func(h *History) {
			h.Events = h.Events[:len(h.Events)-3]
		}, "acknowledged at revision"},
		"an acknowledged write was replaced": {func(h *History) {
			h.Events[60].Value = "other"
		}, "acknowledged at revision"},
		"somebody else wrote": {func(h *History) {
			h.Events = slices.Delete(h.Events, 3, 4)
		}, "another writer"},
		"a read is stale": {func(h *History) {
			o := read(h)
			o.Call, o.Return = o.Call+400, o.Return+400
		}, "linearization"},
		"a read comes from the future": {func(h *History) {
			o := read(h)
			o.Call, o.Return = o.Call-400, o.Return-400
		}, "linearization"},
		"a read finds what was never written": {func(h *History) { read(h).Value = "never" }, "linearization"},
		"the key space was not empty":         {func(h *History) { h.Operations = h.Operations[1:] }, "assumptions"},
	} {
		t.Run(name, func(t *testing.T) {
			h := good(100)
			c.spoil(&h)
			slices.SortStableFunc(h.Operations, func(a, b Operation) int { return cmp.Compare(a.Call, b.Call) })
			if err := verdict(h); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the verdict is %v", err)
			}
		})
	}
}
