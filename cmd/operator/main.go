// Command operator runs Quorate's manager: flags and wiring only.
package main

import (
	_ "time/tzdata" // images have no database of zones

	"fmt"
	"os"
	_ "time/tzdata" // schedules name time zones, and the image has none

	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

func main() {
	options := defaults()
	options.bind(pflag.CommandLine)
	pflag.Parse()
	ctrl.SetLogger(zap.New(zap.UseDevMode(false), zap.JSONEncoder(), zap.StacktraceLevel(zapcore.PanicLevel)))
	if err := run(ctrl.SetupSignalHandler(), options); err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}
