package plan

// survivorStanding is how far a restore from a survivor is that has not begun.
func (w *world) survivorStanding(_ *Request, d Decision) Standing {
	return Standing{Blocked: true, Reason: ReasonQuorumLost, Message: d.Message}
}

// survivorPreview says who would survive, and what may be lost.
func (w *world) survivorPreview(_ *Request) Standing {
	return Standing{Blocked: true, Reason: ReasonDryRun}
}
