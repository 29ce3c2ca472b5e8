package stream

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/time/rate"
)

// Pace bounds how many bytes per second are read of everything that it is put
// around; without a bound it changes nothing. A pause is not made up for afterwards,
// but for one bufferSize.
type Pace struct{ limiter *rate.Limiter }

// NewPace makes one; zero is no bound.
func NewPace(bytesPerSecond int64) Pace {
	if bytesPerSecond <= 0 {
		return Pace{}
	}
	return Pace{rate.NewLimiter(rate.Limit(bytesPerSecond), bufferSize)}
}

// Of reads src within the bound, until ctx ends.
func (p Pace) Of(ctx context.Context, src io.Reader) io.Reader {
	if p.limiter == nil {
		return src
	}
	return &paced{ctx: ctx, src: src, limiter: p.limiter}
}

type paced struct {
	ctx     context.Context
	src     io.Reader
	limiter *rate.Limiter
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	n, err := p.src.Read(b[:min(len(b), bufferSize)])
	if n > 0 {
		if waited := p.limiter.WaitN(p.ctx, n); waited != nil && err == nil {
			err = fmt.Errorf("wait for the pace: %w", waited)
		}
	}
	return n, err
}
