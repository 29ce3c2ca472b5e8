package agent

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// readingMessage is said until the first boot has decided what to do.
const readingMessage = "The agent is reading the volume."

// boot reads the volume and does what Decide says.
func (a *Agent) boot() error {
	began := time.Now()
	disk, record := Inspect(a.config.Dir)
	a.log.Info("volume inspected", zap.String("contents", string(disk.Contents())), zap.Any("log", disk.Log),
		zap.Any("database", disk.Database), zap.Int("failures", disk.Failures), zap.Duration("took", time.Since(began)))
	boot := Decide(disk)
	a.preparation.found(a.layout.kept())
	if disk.Unusable == "" {
		a.foundSnapshot(disk.Contents())
	}
	if record == nil && disk.Unusable == "" && disk.Damaged == "" {
		minted, err := mintVolume(a.layout)
		if err != nil {
			boot = refuse(control.ReasonVolumeUnusable, "The volume cannot be written: %v. Mend the volume.", err)
		}
		record = &minted
	}
	a.change(func(v *view) {
		v.contents = disk.Contents()
		if record != nil {
			v.volume = *record
		}
	})
	a.foundEnd(disk.Log)
	if err := a.checkConfig(); err != nil && boot.Action != Refuse && boot.Action != StayRemoved {
		boot = refuse(control.ReasonBadConfig, "%v. Correct spec.etcd.", err)
	}
	return a.follow(boot)
}

// checkConfig finds what etcd would refuse, before anything is started.
func (a *Agent) checkConfig() error {
	level, err := a.config.logLevel()
	if err != nil {
		return err
	}
	a.level.SetLevel(level)
	return nil
}

func (a *Agent) follow(boot Boot) error {
	switch boot.Action {
	case StartExisting:
		return a.start()
	case Survive:
		a.change(func(v *view) { v.state, v.reason, v.message = control.StateStarting, "", boot.Message })
		return a.survive()
	case StayHalted:
		a.change(func(v *view) { v.state, v.reason, v.message = control.StateHalted, "", boot.Message })
	case StayRemoved:
		a.change(func(v *view) { v.state, v.reason, v.message = control.StateRemoved, "", boot.Message })
	case Refuse:
		a.change(func(v *view) { v.state, v.reason, v.message = control.StateRefused, boot.Reason, boot.Message })
		switch boot.Reason {
		case control.ReasonCrashed:
			a.after(retryAfterCrash)
		case control.ReasonVolumeUnusable:
			a.after(retryAfterVolume)
		}
	default:
		a.change(func(v *view) { v.state, v.reason, v.message = control.StateWaiting, "", boot.Message })
	}
	return nil
}

// bootAgain tries once more after a refusal that may have passed.
func (a *Agent) bootAgain() error {
	if a.look().reason == control.ReasonCrashed {
		if err := a.starts.forgive(); err != nil {
			a.log.Warn("an earlier crash could not be forgiven", zap.Error(err))
		}
	}
	return a.boot()
}

// start runs etcd on the data that is there. An error ends the process, and
// the next one counts it.
func (a *Agent) start() error {
	a.change(func(v *view) {
		v.state, v.reason, v.message = control.StateStarting, "", "etcd is starting and has not joined its cluster yet."
	})
	config, err := embedConfig(a.config)
	if err != nil {
		return fmt.Errorf("configure etcd: %w", err)
	}
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(a.tapped)
	if err := a.recordBorn(); err != nil {
		return err
	}
	if err := a.starts.begin(); err != nil {
		return err
	}
	began, trusts := time.Now(), a.config.trustOnDisk()
	s, err := startServer(config, a.layout)
	if err != nil {
		a.starts.died(err.Error())
		return err
	}
	s.trusts = trusts
	a.log.Info("etcd is up", zap.Duration("took", time.Since(began)))
	a.change(func(v *view) { v.server, v.contents = s, control.ContentsData })
	go a.watch(s, began)
	if admitted := a.look().volume.Admission; admitted != nil && s.self() == nil {
		go a.askPeers(s, *admitted, config.PeerTLSInfo)
	}
	if admitted := a.look().volume.Admission; s.mayStand(admitted) {
		go s.standForElection(context.Background(), a.log, admitted != nil && !admitted.Formed)
	}
	return nil
}

// recordBorn remembers that there was data, before etcd can promise anything.
func (a *Agent) recordBorn() error {
	record := a.look().volume
	if record.Born {
		return nil
	}
	record.Born = true
	if err := record.write(a.layout); err != nil {
		return fmt.Errorf("record that the member is born: %w", err)
	}
	a.change(func(v *view) { v.volume = record })
	return nil
}

// watch follows one server until it ends.
func (a *Agent) watch(s *server, began time.Time) {
	go a.settle(s)
	switch joined := s.awaitJoined(); {
	case joined && s.startsQuickly():
		select {
		case a.again <- s:
		case <-s.ended:
		case <-a.quit:
		}
	case joined:
		a.log.Info("etcd has joined its cluster", zap.Duration("took", time.Since(began)), zap.Bool("serves", s.joined()))
		a.running(s)
	}
	if err := s.dead(); err != nil {
		a.died <- err
	}
}

// settle declares the start a good one once etcd has lived for a while.
func (a *Agent) settle(s *server) {
	timer := time.NewTimer(settleAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		if err := a.starts.settled(); err != nil {
			a.log.Warn("a good start could not be recorded", zap.Error(err))
		}
	case <-s.Server.StopNotify():
	case <-s.ended:
	}
}

// bury decides what the end of a server means: removed by its cluster, or a
// death that ends the process.
func (a *Agent) bury(cause error) error {
	v := a.look()
	if v.server == nil {
		return nil
	}
	a.mu.RLock()
	removed := a.removed || v.server.Server.IsIDRemoved(uint64(v.server.id()))
	a.mu.RUnlock()
	v.server.end()
	if !removed {
		a.starts.died(cause.Error())
		return cause
	}
	record := v.volume
	record.Removed = true
	a.change(func(v *view) { v.server, v.volume = nil, record })
	if err := record.write(a.layout); err != nil {
		return fmt.Errorf("record the removal: %w", err)
	}
	if err := a.starts.settled(); err != nil {
		a.log.Warn("a good end could not be recorded", zap.Error(err))
	}
	return a.follow(Boot{Action: StayRemoved, Message: removedMessage})
}
