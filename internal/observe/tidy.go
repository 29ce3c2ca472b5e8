package observe

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup"
	"github.com/quorate/quorate/internal/resource"
)

// storeLook reads the Job that looks through a schedule's store, and what it tells.
func (o *Observer) storeLook(ctx context.Context, s *v1alpha1.EtcdBackupSchedule, sight *ScheduleSight) error {
	job, seen, err := o.job(ctx, s, resource.TidyJobName(s.Name))
	if err != nil {
		return err
	}
	look := &sight.Observation.Look
	if t := s.Status.LastTidied; t != nil {
		look.Recorded = t.Time
	}
	if seen.State != "" && job == nil {
		look.Busy = append(look.Busy, resource.TidyJobName(s.Name)) // somebody else's
	}
	if job == nil {
		return nil
	}
	sight.Tidying, look.Began = job, job.CreationTimestamp.Time
	switch seen.State {
	case backup.JobRunning:
		return nil
	case backup.JobFailed:
		look.Failure = fmt.Sprintf("Job %s has failed (%s).", job.Name, cmp.Or(seen.Cause, "its log may say why"))
	}
	look.Ended = true
	r := seen.Result
	switch {
	case r == nil && look.Failure == "":
		look.Failure = fmt.Sprintf("Job %s told nothing.", job.Name)
	case r != nil && (r.Reason != "" || look.Failure != ""):
		look.Failure = fmt.Sprintf("%s: %s.", cmp.Or(string(r.Reason), seen.Cause), r.Message)
	}
	if look.Failure != "" {
		return nil
	}
	look.Cleaned = r.Cleaned
	for i, name := range resource.TidyExpected(job) {
		if slices.Contains(r.Missing, i) {
			look.Missing = append(look.Missing, name)
		} else {
			look.Present = append(look.Present, name)
		}
	}
	return nil
}
