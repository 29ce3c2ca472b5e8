package agent

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// maxRequest bounds what the agent reads of one request.
const maxRequest = 1 << 20

// protocol serves internal/control.
func (a *Agent) protocol() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+control.PathReport, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, a.report())
	})
	mux.HandleFunc("POST "+control.PathAdmit, serveTask(a, a.admit))
	mux.HandleFunc("POST "+control.PathFormed, serveTask(a, a.formed))
	mux.HandleFunc("POST "+control.PathDiscard, serveTask(a, a.discard))
	mux.HandleFunc("POST "+control.PathJoin, serveTask(a, a.join))
	mux.HandleFunc("POST "+control.PathLeave, serveTask(a, a.leaveCluster))
	mux.HandleFunc("POST "+control.PathDrain, serveTask(a, a.drain))
	mux.HandleFunc("POST "+control.PathPrepare, serveTask(a, a.prepare))
	mux.HandleFunc("POST "+control.PathDefragment, serveTask(a, a.defragment))
	mux.HandleFunc("PUT "+control.PathSnapshot, a.putSnapshot)
	return onlyWhatIsTheirs(mux)
}

// serveTask decodes a request and runs it as a task.
func serveTask[T any](a *Agent, run func(T, func(control.Report, error)) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body T
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&body); err != nil {
			writeJSON(w, http.StatusBadRequest, control.Refusal{Message: fmt.Sprintf("The request cannot be read: %v.", err)})
			return
		}
		report, err := a.do(r.Context(), func(answer func(control.Report, error)) error { return run(body, answer) })
		a.answer(w, r, report, err)
	}
}

// answer writes what became of a request.
func (a *Agent) answer(w http.ResponseWriter, r *http.Request, body any, err error) {
	var refused *control.Refusal
	switch {
	case errors.As(err, &refused):
		a.log.Info("request refused", zap.String("path", r.URL.Path), zap.String("message", refused.Message))
		writeJSON(w, http.StatusConflict, refused)
	case err != nil:
		writeJSON(w, http.StatusServiceUnavailable, control.Refusal{Message: err.Error()})
	default:
		writeJSON(w, http.StatusOK, body)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller is gone if this fails
}

// controlTLS reads certificate and CA again at each handshake, so that neither
// a new leaf nor a new CA needs a restart. Only known callers are let in.
func (a *Agent) controlTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			config, err := a.config.controlHandshake()
			if err != nil {
				a.log.Error("the control port cannot be served", zap.Error(err))
			}
			return config, err
		},
	}
}

func (c Config) controlHandshake() (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(c.tlsFile("control.crt"), c.tlsFile("control.key"))
	if err != nil {
		return nil, fmt.Errorf("load control certificate: %w", err)
	}
	pem, err := os.ReadFile(c.tlsFile("control-ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("load control CA: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("load control CA: no certificate in control-ca.crt")
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{certificate},
		ClientAuth:             tls.RequireAndVerifyClientCert,
		ClientCAs:              roots,
		SessionTicketsDisabled: true,
		VerifyConnection:       knownCaller,
	}, nil
}
