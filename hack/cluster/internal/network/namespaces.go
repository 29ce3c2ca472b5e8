package network

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	folder = "/run/netns"
	bridge = "quorate0"
	uplink = "eth0"
)

// Path is the file by which a network namespace is entered.
func Path(netns string) string { return filepath.Join(folder, netns) }

// Exists reports whether there is a namespace of that name.
func Exists(netns string) bool {
	var st unix.Statfs_t
	const nsfs = 0x6e736673
	return unix.Statfs(Path(netns), &st) == nil && st.Type == nsfs
}

// MakeControlPlane builds the namespace with the bridge. It does nothing to one that exists.
func MakeControlPlane(ctx context.Context, p Plan, netns string) error {
	if Exists(netns) {
		return nil
	}
	lines := []string{"link set lo up", "link add " + bridge + " type bridge", "link set " + bridge + " up"}
	for _, a := range p.ControlPlane() {
		lines = append(lines, fmt.Sprintf("addr add %s/%d dev %s nodad", a, p.machineBits(a), bridge))
	}
	return orNothing(ctx, netns, build(ctx, netns, lines))
}

// orNothing removes a namespace that was only half built, so that the next try starts afresh.
func orNothing(ctx context.Context, netns string, err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, Remove(context.WithoutCancel(ctx), netns))
}

// Machine is a node as the network sees it.
type Machine struct {
	Index int
	Netns string
}

// port is the name of a node's end on the bridge.
func (m Machine) port() string { return fmt.Sprintf("node%d", m.Index) }

// MakeNode builds a node's namespace and hangs it on the bridge. It does nothing to one that exists.
func MakeNode(ctx context.Context, p Plan, m Machine, controlPlane string) error {
	if Exists(m.Netns) {
		return nil
	}
	return orNothing(ctx, m.Netns, makeNode(ctx, p, m, controlPlane))
}

func makeNode(ctx context.Context, p Plan, m Machine, controlPlane string) error {
	if err := build(ctx, m.Netns, []string{"link set lo up"}); err != nil {
		return err
	}
	link := []string{
		fmt.Sprintf("link add %s type veth peer name %s netns %s", m.port(), uplink, m.Netns),
		fmt.Sprintf("link set %s master %s up", m.port(), bridge),
	}
	if err := batch(ctx, controlPlane, link); err != nil {
		return err
	}
	lines := []string{"link set " + uplink + " up"}
	for _, a := range p.Node(m.Index) {
		lines = append(lines, fmt.Sprintf("addr add %s/%d dev %s nodad", a, p.machineBits(a), uplink))
	}
	// The default route makes Service addresses routable before they are translated; it ends at the bridge.
	for _, gw := range p.ControlPlane() {
		lines = append(lines, fmt.Sprintf("route add default via %s", gw))
	}
	return batch(ctx, m.Netns, lines)
}

// RoutePods teaches every namespace the way to every node's pods.
func RoutePods(ctx context.Context, p Plan, controlPlane string, machines []Machine) error {
	if err := batch(ctx, controlPlane, podRoutes(p, machines, 0)); err != nil {
		return err
	}
	for _, m := range machines {
		if !Exists(m.Netns) {
			continue
		}
		if err := batch(ctx, m.Netns, podRoutes(p, machines, m.Index)); err != nil {
			return err
		}
	}
	return nil
}

// podRoutes are the routes to all nodes' pods but those of the node of that index.
func podRoutes(p Plan, machines []Machine, except int) []string {
	var lines []string
	for _, m := range machines {
		if m.Index == except {
			continue
		}
		for i, pods := range p.NodePods(m.Index) {
			lines = append(lines, fmt.Sprintf("route replace %s via %s", pods, p.Node(m.Index)[i]))
		}
	}
	return lines
}

// Cut takes a node off the bridge, or puts it back.
func Cut(ctx context.Context, m Machine, controlPlane string, off bool) error {
	way := "up"
	if off {
		way = "down"
	}
	return batch(ctx, controlPlane, []string{"link set " + m.port() + " " + way})
}

// Remove deletes a namespace, and with it its links and nftables.
func Remove(ctx context.Context, netns string) error {
	if _, err := os.Stat(Path(netns)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if out, err := exec.CommandContext(ctx, "ip", "netns", "del", netns).CombinedOutput(); err != nil {
		return fmt.Errorf("delete network namespace %s: %w: %s", netns, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// RemoveFolder takes back the mount and folder that the first `ip netns add` made, once nobody uses it.
func RemoveFolder() {
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		return
	}
	_ = unix.Unmount(folder, unix.MNT_DETACH)
	_ = os.Remove(folder)
}

// build makes a namespace, sets its switches and runs lines in it.
func build(ctx context.Context, netns string, lines []string) error {
	if out, err := exec.CommandContext(ctx, "ip", "netns", "add", netns).CombinedOutput(); err != nil {
		return fmt.Errorf("add network namespace %s: %w: %s", netns, err, strings.TrimSpace(string(out)))
	}
	args := append([]string{"--net=" + Path(netns), "sysctl", "-q", "-e", "-w"}, switches...)
	if out, err := exec.CommandContext(ctx, "nsenter", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("set up network namespace %s: %w: %s", netns, err, strings.TrimSpace(string(out)))
	}
	return batch(ctx, netns, lines)
}

// switches: forwarding for pods; bridged packets pass nftables, so that a Service's answer from a pod on the same node
// is translated back;
// no waiting for duplicate addresses.
var switches = []string{
	"net.ipv4.ip_forward=1",
	"net.ipv6.conf.all.forwarding=1",
	"net.ipv6.conf.default.accept_dad=0",
	"net.ipv6.conf.all.accept_dad=0",
	"net.bridge.bridge-nf-call-iptables=1",
	"net.bridge.bridge-nf-call-ip6tables=1",
}

// batch runs `ip` lines inside a namespace, in one go.
func batch(ctx context.Context, netns string, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	cmd := exec.CommandContext(ctx, "nsenter", "--net="+Path(netns), "ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("configure network namespace %s: %w: %s", netns, err, strings.TrimSpace(string(out)))
	}
	return nil
}
