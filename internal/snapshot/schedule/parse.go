package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// FieldError names what cannot be used. Its text begins with the field, so
// that "spec." before it names the field's place.
type FieldError struct {
	// Field is schedule, timeZone or interval.
	Field string
	Value string
	Err   error
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s %q: %v", e.Field, e.Value, e.Err) }

// Unwrap gives the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// fields are those of an expression, in their order.
var fields = []struct {
	name string
	of   cron.ParseOption
}{
	{"minute", cron.Minute}, {"hour", cron.Hour}, {"day of the month", cron.Dom}, {"month", cron.Month}, {"day of the week", cron.Dow},
}

// field has what a field may look like: the library reads `*-5` as `*` and
// takes nothing at all for a list.
var field = regexp.MustCompile(`^([*?]|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/[0-9]+)?(,([*?]|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/[0-9]+)?)*$`)

// shorthands are the descriptors that are taken: each is an expression of five
// fields by another name. `@every 1h` is none: it has no slots.
var shorthands = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// Parse reads a cron expression of five fields, or one of @hourly, @daily,
// @weekly, @monthly and @yearly, in an IANA time zone; none is UTC. The error
// is a *FieldError. An expression that never comes true is one, too.
func Parse(expression, timeZone string) (*Cron, error) {
	zone, err := parseZone(timeZone)
	if err != nil {
		return nil, &FieldError{"timeZone", timeZone, err}
	}
	c := &Cron{text: expression, zone: zone}
	if c.spec, err = parseFields(expression); err != nil {
		return nil, &FieldError{"schedule", expression, err}
	}
	if c.within(0, time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, &FieldError{"schedule", expression, errors.New("it never comes true: no month that it names has such a day")}
	}
	return c, nil
}

func parseZone(name string) (*time.Location, error) {
	// The library takes it for the zone of the machine that it runs on.
	if name == "Local" {
		return nil, errors.New("it depends on the machine; take an IANA name such as Europe/Berlin, or leave it out for UTC")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, errors.New("there is no such time zone; take an IANA name such as Europe/Berlin, or leave it out for UTC")
	}
	return zone, nil
}

func parseFields(expression string) (cron.SpecSchedule, error) {
	none := cron.SpecSchedule{}
	if strings.Contains(strings.ToUpper(expression), "TZ=") {
		return none, errors.New("the time zone does not go in here; set timeZone")
	}
	long := expression
	if strings.HasPrefix(expression, "@") {
		if long = shorthands[expression]; long == "" {
			return none, errors.New("of those with an @ only @hourly, @daily, @weekly, @monthly and @yearly are known; take five fields, such as `30 2 * * *`")
		}
	}
	words := strings.Fields(long)
	if len(words) != len(fields) {
		return none, fmt.Errorf("it has %d fields; it takes five: minute, hour, day of the month, month, day of the week, such as `30 2 * * *`", len(words))
	}
	options := cron.ParseOption(0)
	for i, f := range fields {
		options |= f.of
		if !field.MatchString(words[i]) {
			return none, fmt.Errorf("%s %q cannot be read", f.name, words[i])
		}
		// By itself, for the library does not say which of them is wrong.
		if _, err := cron.NewParser(f.of).Parse(words[i]); err != nil {
			return none, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	parsed, err := cron.NewParser(options).Parse(long)
	if err != nil {
		return none, err
	}
	return *parsed.(*cron.SpecSchedule), nil
}
