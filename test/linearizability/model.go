package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
	"go.etcd.io/etcd/tests/v3/robustness/model"
	"go.etcd.io/etcd/tests/v3/robustness/report"
)

// reports makes of a history what etcd's validation reads: a client's
// operations follow one another, and a put of which nobody knows the end is
// its client's last.
func (h History) reports() ([]report.ClientReport, error) {
	var clients []report.ClientReport
	free := map[int]int64{} // when a client's last operation returned
	for _, o := range h.Operations {
		operation, err := o.model()
		if err != nil {
			return nil, err
		}
		id := -1
		for candidate := range clients {
			if last, alive := free[candidate]; alive && last < operation.Call {
				id = candidate
				break
			}
		}
		if id < 0 {
			id = len(clients)
			clients = append(clients, report.ClientReport{ClientID: id + 1})
		}
		operation.ClientId = id
		clients[id].KeyValue = append(clients[id].KeyValue, operation)
		free[id] = operation.Return
		if o.Kind == kindPut && o.Error != "" {
			delete(free, id)
		}
	}
	return append(clients, report.ClientReport{ClientID: len(clients) + 1, Watch: h.watch()}), nil
}

func (o Operation) model() (porcupine.Operation, error) {
	var request model.EtcdRequest
	var response model.EtcdResponse
	switch o.Kind {
	case kindPut:
		request, response.Txn = put(o.Key, o.Value), &model.TxnResponse{Results: []model.EtcdOperationResult{{}}}
	case kindGet:
		request = model.EtcdRequest{Type: model.Range, Range: &model.RangeRequest{RangeOptions: model.RangeOptions{Start: o.Key}}}
		response.Range = &model.RangeResponse{KVs: []model.KeyValue{}}
		if o.Version > 0 {
			response.Range.Count = 1
			response.Range.KVs = append(response.Range.KVs, model.KeyValue{Key: o.Key, ValueRevision: model.ValueRevision{
				Value: model.ToValueOrHash(o.Value), ModRevision: o.ModRevision, Version: o.Version,
			}})
		}
	default:
		return porcupine.Operation{}, fmt.Errorf("%q is no kind of operation", o.Kind)
	}
	response.Revision = o.Revision
	answer := model.MaybeEtcdResponse{EtcdResponse: response}
	if o.Error != "" {
		answer = model.MaybeEtcdResponse{Error: o.Error}
	}
	return porcupine.Operation{Input: request, Call: o.Call, Output: answer, Return: max(o.Return, o.Call+1), Metadata: answer}, nil
}

func put(key, value string) model.EtcdRequest {
	return model.EtcdRequest{Type: model.Txn, Txn: &model.TxnRequest{
		OperationsOnSuccess: []model.EtcdOperation{{
			Type: model.PutOperation, Put: model.PutOptions{Key: key, Value: model.ToValueOrHash(value)},
		}},
	}}
}

// persisted are the requests that the cluster says to have done. They settle
// which of the unknown ones took place.
func (h History) persisted() []model.EtcdRequest {
	requests := make([]model.EtcdRequest, len(h.Events))
	for i, e := range h.Events {
		requests[i] = put(e.Key, e.Value)
	}
	return requests
}

func (h History) watch() []model.WatchOperation {
	if len(h.Events) == 0 {
		return nil
	}
	operation := model.WatchOperation{Request: model.WatchRequest{Revision: 1, WithPrefix: true}}
	for _, e := range h.Events {
		operation.Responses = append(operation.Responses, model.WatchResponse{Revision: e.Revision, Events: []model.WatchEvent{{
			PersistedEvent: model.PersistedEvent{
				Event:    model.Event{Type: model.PutOperation, Key: e.Key, Value: model.ToValueOrHash(e.Value)},
				Revision: e.Revision, IsCreate: e.Version == 1,
			},
		}}})
	}
	return []model.WatchOperation{operation}
}
