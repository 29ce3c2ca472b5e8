// Command peer does, in a pod of the benchmark, what a person does by hand with
// etcd's own tools, and prints how long it took:
//
//	peer save FILE ARGS...               etcdctl ARGS... snapshot save FILE
//	peer restore FILE DIR NAME BUMP      etcdutl snapshot restore FILE --data-dir DIR --bump-revision BUMP --mark-compacted
//
// The image has etcdctl as a program. etcdutl is the library that is behind that
// program, the one with which members restore, too. It imports nothing of Quorate.
package main
