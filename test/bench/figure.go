package main

import (
	"fmt"
	"slices"
	"strings"
)

// goal is what a figure should reach.
type goal struct {
	atMost, atLeast *float64
}

func atMost(v float64) goal  { return goal{atMost: &v} }
func atLeast(v float64) goal { return goal{atLeast: &v} }

// verdict says whether the goal is reached, or by how much it is missed.
func (g goal) verdict(value float64) string {
	switch {
	case g.atMost != nil && value > *g.atMost:
		return fmt.Sprintf("  goal <=%g miss by %.3g", *g.atMost, value-*g.atMost)
	case g.atMost != nil:
		return fmt.Sprintf("  goal <=%g pass", *g.atMost)
	case g.atLeast != nil && value < *g.atLeast:
		return fmt.Sprintf("  goal >=%g miss by %.3g", *g.atLeast, *g.atLeast-value)
	case g.atLeast != nil:
		return fmt.Sprintf("  goal >=%g pass", *g.atLeast)
	}
	return ""
}

// figure prints one result.
func figure(name string, value float64, unit string, g goal) {
	number := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", value), "0"), ".")
	fmt.Printf("%s %s %s%s\n", name, number, unit, g.verdict(value))
}

// note prints what helps to judge a figure.
func note(format string, args ...any) { fmt.Printf("# "+format+"\n", args...) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
