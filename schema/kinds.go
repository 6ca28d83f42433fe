package schema

// Kinds is the table: every kind, monitors before the pools that use them.
// This order is the order of display; the order of apply follows the
// references.
var Kinds = []*Kind{&accessRule, &monitor, &pool, &token, &inviteResponse}

// KindNamed is the kind with the singular name, or nil.
func KindNamed(name string) *Kind {
	for _, k := range Kinds {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// KindPlural is the kind with the plural name, or nil.
func KindPlural(name string) *Kind {
	for _, k := range Kinds {
		if k.Plural == name {
			return k
		}
	}
	return nil
}

// KindCalled is the kind of which the name is the singular or the plural, or nil.
func KindCalled(name string) *Kind {
	if k := KindNamed(name); k != nil {
		return k
	}
	return KindPlural(name)
}

// KindNames are the singular names, in the table's order.
func KindNames() []string {
	names := make([]string, len(Kinds))
	for i, k := range Kinds {
		names[i] = k.Name
	}
	return names
}

func kindIndex(name string) int {
	for i, k := range Kinds {
		if k.Name == name {
			return i
		}
	}
	return len(Kinds)
}
