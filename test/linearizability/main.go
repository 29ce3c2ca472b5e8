package main

import (
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
	"go.etcd.io/etcd/tests/v3/robustness/validate"
	"go.uber.org/zap"
)

// limit bounds the search. Histories whose unknown writes are settled by
// events take a second for ten thousand operations.
const limit = 2 * time.Minute

func main() {
	if len(os.Args) != 2 {
		fmt.Println("usage: linearizability FILE")
		os.Exit(2)
	}
	if err := judge(os.Args[1]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func judge(path string) error {
	h, err := load(path)
	if err != nil {
		return err
	}
	start := time.Now()
	result, err := h.validate()
	if err != nil {
		return err
	}
	if err := result.Error(); err != nil {
		picture := path + ".html"
		if porcupine.VisualizePath(result.Linearization.Model, result.Linearization.Info, picture) == nil {
			err = fmt.Errorf("%w; see %s", err, picture)
		}
		return err
	}
	fmt.Printf("linearizable: %d operations, %d writes took place, judged in %.1f s\n",
		len(h.Operations), len(h.Events), time.Since(start).Seconds())
	return nil
}

func (h History) validate() (result validate.RobustnessResult, err error) {
	if err := h.missing(); err != nil {
		return result, err
	}
	reports, err := h.reports()
	if err != nil {
		return result, err
	}
	config := validate.Config{ExpectRevisionUnique: true}
	return validate.ValidateAndReturnVisualize(zap.NewNop(), config, reports, h.persisted(), limit), nil
}
