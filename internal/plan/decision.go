package plan

// Outcome says what kind of decision was taken.
type Outcome string

const (
	// OutcomeAct: do the Action, then observe again.
	OutcomeAct Outcome = "Act"
	// OutcomeWait: something is under way that needs no act of ours.
	OutcomeWait Outcome = "Wait"
	// OutcomeBlocked: nothing will happen until somebody does what the
	// message says.
	OutcomeBlocked Outcome = "Blocked"
	// OutcomeSteady: the cluster is what it shall be.
	OutcomeSteady Outcome = "Steady"
)

// Decision is what Next decided. Reason and Message are always set.
type Decision struct {
	Outcome Outcome
	// Rule is the name of the rule that decided.
	Rule string
	// Action is set when Outcome is OutcomeAct.
	Action  Action
	Reason  Reason
	Message string
}

func act(a Action, reason Reason, message string) *Decision {
	return &Decision{Outcome: OutcomeAct, Action: a, Reason: reason, Message: message}
}

func wait(reason Reason, message string) *Decision {
	return &Decision{Outcome: OutcomeWait, Reason: reason, Message: message}
}

func blocked(reason Reason, message string) *Decision {
	return &Decision{Outcome: OutcomeBlocked, Reason: reason, Message: message}
}
