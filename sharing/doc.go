// Package sharing holds the nouns and rules of sharing public data between
// departments: who takes part, the catalog, applications and the cases they
// become, the clocks that run on them, and what may follow what.
//
// It imports the standard library only. Everything else may import it.
package sharing
