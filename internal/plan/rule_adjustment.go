package plan

import "fmt"

// adjustment changes on pods, as they run, what needs no restart: one after the
// other, as what it does to a pod shows only then.
func adjustment(w *world) *Decision {
	if !w.Remembers() || len(keep(w.Members, func(m Member) bool { return m.Adjusting != "" })) > 0 {
		return nil
	}
	for _, m := range w.Members {
		if m.Adjust != "" && m.Pod == PodRunning {
			return act(Adjust{m.Name}, ReasonAdjusting, fmt.Sprintf("%s changes on the pod of %s, which runs on.", m.Adjust, m.Name))
		}
	}
	return nil
}

// adjusting waits for nodes.
func adjusting(w *world) *Decision {
	for _, m := range w.Members {
		if m.Adjusting != "" {
			return wait(ReasonAdjusting, fmt.Sprintf("%s: %s.", m.Name, m.Adjusting))
		}
	}
	return nil
}
