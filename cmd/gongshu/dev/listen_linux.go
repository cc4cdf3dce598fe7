package dev

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// listenState is TCP_LISTEN in /proc/net/tcp.
const listenState = "0A"

// listens reports whether it is the process itself that listens on the port of the address. Something else may have
// been faster, and may even answer as the process would: another run's Temporal server, say.
func listens(pid int, address string) (bool, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return false, err
	}
	process := filepath.Join("/proc", strconv.Itoa(pid))
	listening := make(map[string]bool) // links of descriptors of sockets on the port
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		if err := addListening(filepath.Join(process, table), n, listening); err != nil {
			return false, err
		}
	}
	descriptors, err := os.ReadDir(filepath.Join(process, "fd"))
	if err != nil {
		return false, err
	}
	for _, d := range descriptors {
		link, err := os.Readlink(filepath.Join(process, "fd", d.Name()))
		if err == nil && listening[link] { // a descriptor may be closed meanwhile
			return true, nil
		}
	}
	return false, nil
}

// addListening reads a table of sockets: local address is the second column, state the fourth, inode the tenth.
func addListening(table string, port int, listening map[string]bool) error {
	f, err := os.Open(table)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a kernel without IPv6
	}
	if err != nil {
		return err
	}
	defer f.Close() // only read
	suffix := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		if len(columns) > 9 && strings.HasSuffix(columns[1], suffix) && columns[3] == listenState {
			listening["socket:["+columns[9]+"]"] = true
		}
	}
	return lines.Err()
}
