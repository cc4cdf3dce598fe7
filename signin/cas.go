package signin

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// CAS signs people in with tickets, as many provincial portals do (CAS Protocol 3.0):
// the browser comes back with a ticket, and the portal says for whom it was issued.
type CAS struct {
	base   *url.URL
	client *http.Client
}

// NewCAS returns a connector to the portal whose login page is at base + "/login".
func NewCAS(base string) (*CAS, error) {
	u, err := checkAddress("CAS address", strings.TrimSuffix(base, "/"))
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" {
		return nil, errors.New("CAS address: has no query")
	}
	return &CAS{base: u, client: newClient()}, nil
}

// Issuer is the portal's address.
func (c *CAS) Issuer() string { return c.base.String() }

// Origins is the portal's.
func (c *CAS) Origins() []string { return []string{originOf(c.base)} }

func (c *CAS) at(path string, query url.Values) string {
	u := c.base.JoinPath(path)
	u.RawQuery = query.Encode()
	return u.String()
}

// service is the address that a ticket is for. The state is part of it, so that the
// portal vouches for that, too.
func service(a Attempt, callback string) string {
	return callback + "?" + url.Values{"state": {a.State()}}.Encode()
}

// Begin sends the browser to the portal's login page.
func (c *CAS) Begin(_ context.Context, a Attempt, callback string) (string, error) {
	return c.at("login", url.Values{"service": {service(a, callback)}}), nil
}

// validation is what the portal answers of a ticket.
type validation struct {
	XMLName xml.Name `xml:"http://www.yale.edu/tp/cas serviceResponse"`
	Success *struct {
		User       string `xml:"http://www.yale.edu/tp/cas user"`
		Attributes struct {
			All []struct {
				XMLName xml.Name
				Value   string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"http://www.yale.edu/tp/cas attributes"`
	} `xml:"http://www.yale.edu/tp/cas authenticationSuccess"`
	Failure *struct {
		Code string `xml:"code,attr"`
	} `xml:"http://www.yale.edu/tp/cas authenticationFailure"`
}

// Finish asks the portal for whom the ticket was issued. A ticket is good once, and
// only for the address it was issued for; the portal sees to both.
func (c *CAS) Finish(ctx context.Context, a Attempt, callback string, answer url.Values) (Identity, error) {
	if !a.Answers(answer) {
		return Identity{}, fmt.Errorf("%w: state", ErrUnsound)
	}
	ticket := answer.Get("ticket")
	if ticket == "" {
		return Identity{}, fmt.Errorf("%w: no ticket", ErrDenied)
	}
	if len(answer["ticket"]) > 1 || len(ticket) > 256 || strings.ContainsFunc(ticket, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Identity{}, fmt.Errorf("%w: ticket", ErrUnsound)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet,
		c.at("p3/serviceValidate", url.Values{"service": {service(a, callback)}, "ticket": {ticket}}), nil)
	if err != nil {
		return Identity{}, err
	}
	resp, err := c.client.Do(r)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // without the address, in which the ticket stands
		}
		return Identity{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Identity{}, fmt.Errorf("%w: status %d", ErrUnreachable, resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	var v validation
	if err := xml.Unmarshal(body, &v); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrUnsound, err)
	}
	switch {
	case v.Failure != nil || v.Success == nil:
		return Identity{}, fmt.Errorf("%w: the portal does not know the ticket", ErrUnsound)
	case v.Success.User == "" || len(v.Success.User) > maxClaim:
		return Identity{}, fmt.Errorf("%w: no user", ErrUnsound)
	}
	id := Identity{Issuer: c.Issuer(), Subject: v.Success.User, Claims: map[string]any{}}
	for _, attribute := range v.Success.Attributes.All {
		name := attribute.XMLName.Local
		switch before := id.Claims[name].(type) {
		case nil:
			id.Claims[name] = attribute.Value
		case string:
			id.Claims[name] = []any{before, attribute.Value}
		case []any:
			id.Claims[name] = append(before, attribute.Value)
		}
	}
	id.Claims["sub"] = v.Success.User // whatever an attribute of that name says
	return id, nil
}

// Leave sends the browser to the portal's logout page.
func (c *CAS) Leave(_ context.Context, _, back string) (string, error) {
	return c.at("logout", url.Values{"service": {back}}), nil
}
