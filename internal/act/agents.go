package act

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// admit hands the recorded grant to agents. The intent's resourceVersion has
// just proven that the record is the live one; the agent refuses any volume
// but the granted one.
func (a *Actor) admit(ctx context.Context, s *Situation, action plan.Admit) error {
	birth := s.Cluster.Status.Birth
	if birth == nil || birth.Discarding {
		return errors.New("no birth is granted")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	request := control.AdmitRequest{Token: birth.Token}
	if r := birth.Restore; r != nil {
		request.Restore = &control.Restore{SHA256: r.SHA256, BumpRevisions: r.BumpRevisions, MarkCompacted: r.BumpRevisions > 0}
	}
	volumes := map[etcd.MemberName]string{}
	for _, m := range birth.Members {
		volumes[etcd.MemberName(m.Name)] = m.VolumeID
		request.Members = append(request.Members, control.Peer{
			Name: etcd.MemberName(m.Name), PeerURL: resource.PeerURL(s.Cluster, etcd.PodName(m.Name)),
		})
	}
	return a.each(ctx, s, action.Members, func(ctx context.Context, c *dial.Client, name etcd.MemberName) error {
		admission := request
		admission.VolumeID = volumes[name]
		_, err := c.Admit(ctx, admission)
		return err
	})
}

// confirm tells agents that their cluster is formed.
func (a *Actor) confirm(ctx context.Context, s *Situation, action plan.Confirm) error {
	if s.Cluster.Status.ClusterID != action.ClusterID.String() {
		return fmt.Errorf("the cluster is not recorded as %s", action.ClusterID)
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	return a.eachVolume(ctx, s, action.Members, func(ctx context.Context, c *dial.Client, volume string) error {
		_, err := c.Formed(ctx, control.FormedRequest{VolumeID: volume, ClusterID: action.ClusterID})
		return err
	})
}

// discard wipes a failed birth. The agent itself refuses once its volume was
// formed or any key was written.
func (a *Actor) discard(ctx context.Context, s *Situation, action plan.Discard) error {
	birth := s.Cluster.Status.Birth
	if birth == nil || !birth.Discarding || birth.Token != action.Token || s.Cluster.Status.ClusterID != "" {
		return errors.New("no such failed birth is recorded")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	return a.eachVolume(ctx, s, action.Members, func(ctx context.Context, c *dial.Client, volume string) error {
		_, err := c.Discard(ctx, control.DiscardRequest{VolumeID: volume, Token: action.Token})
		return err
	})
}

// each calls the agents of members at once.
func (a *Actor) each(ctx context.Context, s *Situation, names []etcd.MemberName, call func(context.Context, *dial.Client, etcd.MemberName) error) error {
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		agent, ok := s.Agents[name]
		if !ok {
			errs[i] = fmt.Errorf("%s has no address", name)
			continue
		}
		wg.Go(func() {
			if err := call(ctx, a.Agents.Client(agent), name); err != nil {
				errs[i] = fmt.Errorf("%s: %w", name, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// eachVolume is each, with the volume that the agent has at this moment.
func (a *Actor) eachVolume(ctx context.Context, s *Situation, names []etcd.MemberName, call func(context.Context, *dial.Client, string) error) error {
	return a.each(ctx, s, names, func(ctx context.Context, c *dial.Client, _ etcd.MemberName) error {
		report, err := c.Report(ctx)
		if err != nil {
			return err
		}
		return call(ctx, c, report.Volume.ID)
	})
}
