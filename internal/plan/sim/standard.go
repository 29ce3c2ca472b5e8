package sim

// Scenario is an exploration with a name.
type Scenario struct {
	Name string
	Options
}

// Standard are the explorations that every change of the rules has to pass:
// exhaustive, with members that are one or three. They take some ten seconds.
func Standard() []Scenario {
	return []Scenario{
		{"one member, and any four faults", Options{Members: 1, Faults: 4}},
		{"one member, any size asked for, one fault", Options{Members: 1, Limit: 3, Faults: 1, Changes: 1}},
		{"one member, two changes of the spec", Options{Members: 1, Limit: 3, Changes: 2, Configs: 3}},
		{"one member, any size asked for, nobody writes", Options{Members: 1, Limit: 3, Faults: 1, Changes: 1, Idle: true}},
		{"three members, and any two faults", Options{Members: 3, Faults: 2}},
		{"three members, and two faults that may cost the quorum", Options{Members: 3, Faults: 2, Beyond: true}},
		{"three members, one change of the spec, one fault", Options{Members: 3, Faults: 1, Changes: 1, Configs: 2}},
		{"three members whose databases are given back, one fault", Options{Members: 3, Faults: 1, Changes: 1, Bloats: true}},
		{"three members, two changes of the spec", Options{Members: 3, Changes: 2, Configs: 3}},
		{"three members whose authorities are replaced, one fault", Options{Members: 3, Faults: 1, Changes: 1, Rotates: true}},
	}
}

// Long are explorations for when there is time: minutes each.
func Long() []Scenario {
	return []Scenario{
		{"three members, and any three faults", Options{Members: 3, Faults: 3}},
		{"one member, one change of the spec, two faults", Options{Members: 1, Limit: 3, Faults: 2, Changes: 1, Configs: 2}},
		{"one member, two changes of the spec, one fault", Options{Members: 1, Limit: 3, Faults: 1, Changes: 2, Configs: 3}},
		{"three members, one change of the spec, two faults", Options{Members: 3, Faults: 2, Changes: 1, Configs: 3}},
		{"three members, two changes of the spec, one fault", Options{Members: 3, Faults: 1, Changes: 2, Configs: 3}},
		{"three members whose databases are given back, two changes, one fault", Options{Members: 3, Faults: 1, Changes: 2, Configs: 2, Bloats: true}},
		{"three members, three changes of the spec", Options{Members: 3, Changes: 3, Configs: 3}},
	}
}

// Wide are worlds that are too large for every history: for Walk.
func Wide() []Scenario {
	return []Scenario{
		{"up to five members", Options{Members: 3, Limit: 5, Faults: 30, Changes: 12, Configs: 2, Rotates: true}},
		{"five members", Options{Members: 5, Limit: 5, Faults: 40, Changes: 6, Configs: 3, Bloats: true}},
		{"five members that may lose their quorum", Options{Members: 5, Limit: 5, Faults: 12, Changes: 4, Configs: 2, Beyond: true}},
		{"up to three members", Options{Members: 1, Limit: 3, Faults: 20, Changes: 20, Configs: 3, Idle: true}},
	}
}
