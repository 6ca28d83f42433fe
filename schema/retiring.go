package schema

import "regexp"

// retiringRE is how the name of the old object of a rotation ends. By it the
// object is recognised without any state.
var retiringRE = regexp.MustCompile(` \(retiring [0-9]{4}-[0-9]{2}-[0-9]{2}\)$`)

// Retiring reports whether the object is the old one of a rotation: the server
// retires it at its expiry, and nobody else touches it.
func (o *Object) Retiring() bool {
	r := o.Kind.Rotate
	return r != nil && retiringRE.MatchString(Text(o.Get(r.Name)))
}
