// Package fault lets tests fail the operator's writes, one at a time, where
// they leave the process: to Kubernetes, to etcd, to the agents. That is only in
// builds with the tag faults; without it nothing here does anything.
//
// Every write is counted and named: "PATCH statefulsets/demo#2" is the second
// of its name since the process started that was not refused. The environment
// says what happens:
//
//	QUORATE_FAULT       WRITE:MODE, the write by its number or its name, the mode
//	                    fail (it is not sent), lose (it is sent, its reply is
//	                    lost) or die (it is sent, and the process ends with 137)
//	QUORATE_FAULT_ONCE  a file that is made when the fault happens, and that keeps
//	                    it from happening again: the next process lives
//	QUORATE_WRITES      a file to which every write adds a line: its number, its
//	                    name and what became of it, with tabs between
package fault
