package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// corpus holds values in the form in which they go over the wire, each of them
// taken by some API server, or some pattern, and not by some decoder.
var corpus = raw(
	`"1e1.5"`, `"1e-999999999"`, `"1e999999999"`, `1e-9`, `1e3`, `1e18`, `1e19`, `1e30`, `1e300`, `1.5`, `3.0`, `-0`, `0`, `-1`,
	`9223372036854775807`, `9223372036854775808`, `-9223372036854775809`, `18446744073709551616`, `2147483648`, `-2147483649`,
	`"8Gi"`, `"8gi"`, `"8 Gi"`, `"+8Gi"`, `"-8Gi"`, `".5Gi"`, `"5.Gi"`, `"1.1Gi"`, `"8Gi\n"`, `"1024Ti"`, `"1000T"`, `"0"`, `"00001"`, `"1Ei"`, `"9999999999999999999Ei"`, `"1E"`, `"1e3"`, `"500m"`, `"1n"`,
	`"3 days"`, `"3d"`, `"1h"`, `"1h30m"`, `"90m"`, `"1.5s"`, `"1500ms"`, `"100ms"`, `"1µs"`, `"9999999h"`, `"99999999999999999999h"`, `"-1h"`, `""`, `"h"`, `"1h\n"`, `"01h"`,
	`"2026-01-31T12:00:00Z"`, `"2026-01-31t12:00:00z"`, `"2026-01-31T99:00:00Z"`, `"2026-02-30T12:00:00Z"`, `"2026-01-31 12:00:00Z"`, `"2026-01-31T12:00:00"`, `"2026-01-31T23:59:60Z"`, `"2026-01-31T12:00:00.123456789123Z"`, `"2026-01-31T12:00:00,5Z"`, `"2026-01-31T12:00:00+99:99"`, `"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59-23:59"`,
	`null`, `true`, `false`, `"true"`, `[]`, `{}`, `[null]`, `"NaN"`, `"Inf"`, `"0x10"`, `"1_000"`, `"１０"`, `"\u0000"`, `"odd"`,
)

func raw(values ...string) []json.RawMessage {
	var all []json.RawMessage
	for _, v := range values {
		all = append(all, json.RawMessage(v))
	}
	return all
}

// Parts of which odd values are made.
var (
	digits   = []string{"0", "1", "7", "10", "64", "512", "999", "1024", "99999", "1000000000", "9223372036854775807"}
	suffixes = []string{"", "n", "u", "m", "k", "K", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e1", "E1", "e-5", "e+5", "e1.5", "ns", "us", "ms", "s", "h", "d", "Z"}
	joints   = []string{"", "", "", ".", "-", "+", " ", ":", "T", "\n", "e"}
)

// oddValue makes a value near the border of what is accepted: a change of one
// of the likely ones or of a known odd one, or numbers and suffixes put together.
func oddValue(random *rand.Rand, likely []json.RawMessage) json.RawMessage {
	switch random.IntN(8) {
	case 0:
		return changed(random, corpus[random.IntN(len(corpus))])
	case 1:
		return bareNumber(random)
	case 2:
		return composed(random)
	default:
		return changed(random, likely[random.IntN(len(likely))])
	}
}

func composed(random *rand.Rand) json.RawMessage {
	var text strings.Builder
	for range 1 + random.IntN(3) {
		text.WriteString(pick(random, digits) + pick(random, joints) + pick(random, suffixes))
	}
	quoted, err := json.Marshal(text.String())
	if err != nil {
		panic(err)
	}
	return quoted
}

func bareNumber(random *rand.Rand) json.RawMessage {
	n := pick(random, digits)
	switch random.IntN(4) {
	case 0:
		return json.RawMessage(n)
	case 1:
		return json.RawMessage("-" + n)
	case 2:
		return json.RawMessage(fmt.Sprintf("%s.%d", n, random.IntN(1000)))
	default:
		return json.RawMessage(fmt.Sprintf("%se%d", n, random.IntN(40)-20))
	}
}

// changed swaps, drops or doubles one byte. What is no JSON any more is offered
// to nobody.
func changed(random *rand.Rand, value json.RawMessage) json.RawMessage {
	if len(value) < 2 {
		return value
	}
	at := random.IntN(len(value))
	head, tail := string(value[:at]), string(value[at+1:])
	switch random.IntN(3) {
	case 0:
		return json.RawMessage(head + tail)
	case 1:
		return json.RawMessage(head + string(value[at]) + string(value[at]) + tail)
	default:
		return json.RawMessage(head + string("0159.eEinumkKMGTZ:-+ hs"[random.IntN(23)]) + tail)
	}
}

func pick(random *rand.Rand, from []string) string { return from[random.IntN(len(from))] }
