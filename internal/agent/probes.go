package agent

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver/api/etcdhttp"

	"github.com/quorate/quorate/internal/control"
)

// pingPatience is how long the loop may take to show that it is alive; it
// never runs anything itself.
const pingPatience = 5 * time.Second

// probes serves the kubelet and Prometheus.
func (a *Agent) probes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-a.pings:
			answerProbe(w, http.StatusOK, "ok")
		case <-a.quit:
			answerProbe(w, http.StatusOK, "stopped")
		case <-time.After(pingPatience):
			answerProbe(w, http.StatusInternalServerError, "the agent's lifecycle hangs")
		}
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if why := a.unready(); why != "" {
			answerProbe(w, http.StatusServiceUnavailable, why)
			return
		}
		answerProbe(w, http.StatusOK, "ok")
	})
	etcdhttp.HandleMetrics(mux) // the process's registry: etcd's, Go's and ours
	return mux
}

func answerProbe(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the kubelet is gone if this fails
}

// unready says why this member should get no clients; empty when it should.
func (a *Agent) unready() string {
	v := a.look()
	switch {
	case v.stopping:
		return "the pod is stopping"
	case v.state == control.StateRefused:
		return fmt.Sprintf("%s: %s", v.reason, v.message)
	case v.server == nil:
		return v.message
	case v.volume.Admission == nil || !v.volume.Admission.Formed:
		return "the cluster is not confirmed as formed yet"
	default:
		return v.server.unready()
	}
}
