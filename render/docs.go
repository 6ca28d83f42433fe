package render

//go:generate go run ./internal/gen ../docs

// Docs are the generated files of docs/ by name.
func Docs() (map[string][]byte, error) {
	config, err := ConfigSchema()
	if err != nil {
		return nil, err
	}
	plan, err := PlanSchema()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"reference.md": Reference(), "schema.json": config, "plan.schema.json": plan}, nil
}
