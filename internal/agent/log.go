package agent

import (
	"fmt"
	"io"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewLogger writes JSON lines, the agent's and etcd's alike.
func NewLogger(out io.Writer, level zap.AtomicLevel) *zap.Logger {
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	encoding.EncodeDuration = zapcore.StringDurationEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(encoding), zapcore.Lock(zapcore.AddSync(out)), level)
	return zap.New(core, zap.AddCaller(), zap.AddStacktrace(zap.NewAtomicLevelAt(zapcore.DPanicLevel)))
}

// tapped returns a logger that also shows each line from warn upwards to tap,
// before zap ends the process on a fatal one. etcd says some things nowhere
// but in its log: why it dies, and that it was removed.
func tapped(log *zap.Logger, tap func(zapcore.Entry, []zapcore.Field)) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewTee(tapCore{LevelEnabler: zapcore.WarnLevel, tap: tap}, core)
	}))
}

type tapCore struct {
	zapcore.LevelEnabler
	tap func(zapcore.Entry, []zapcore.Field)
}

func (c tapCore) With([]zapcore.Field) zapcore.Core { return c }

func (c tapCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c tapCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	c.tap(e, fields)
	return nil
}

func (c tapCore) Sync() error { return nil }

// sentence puts a log line's message and its error into one string.
func sentence(e zapcore.Entry, fields []zapcore.Field) string {
	var s strings.Builder
	s.WriteString(e.Message)
	if err := errorField(fields); err != nil {
		fmt.Fprintf(&s, ": %v", err)
	}
	return s.String()
}

func errorField(fields []zapcore.Field) error {
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok && f.Type == zapcore.ErrorType {
			return err
		}
	}
	return nil
}
