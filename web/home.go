package web

// homePage says what this is, and in a demo lets one step into each role.
type homePage struct {
	Tour *tourPage // nil unless this is a demo
}

// home is the first page.
func (v *visit) home() error {
	if v.signedIn() {
		return v.workbench()
	}
	tour, err := v.tour()
	if err != nil {
		return err
	}
	return v.ok("home", "", homePage{tour})
}
