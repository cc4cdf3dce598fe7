package dev

import (
	"net"
	"strconv"
)

// nextPorts is how many ports after a taken one are tried, the first time, before any will do.
const nextPorts = 20

// freeAddress returns wish when nothing listens there, else the same host with one of the next ports, else with any.
// Port 0 is any. It is not reserved; whoever wants it must take it soon.
func freeAddress(wish string, next int) (string, error) {
	host, text, err := net.SplitHostPort(wish)
	if err != nil {
		return "", err
	}
	port, err := net.LookupPort("tcp", text)
	if err != nil {
		return "", err
	}
	for p := port; port != 0 && p <= min(port+next, 65535); p++ {
		address := net.JoinHostPort(host, strconv.Itoa(p))
		l, err := net.Listen("tcp", address)
		if err == nil {
			return address, l.Close()
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	taken := l.Addr().(*net.TCPAddr).Port
	return net.JoinHostPort(host, strconv.Itoa(taken)), l.Close()
}

// reachable turns an address to listen on into one to connect to: every interface includes the loopback.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
