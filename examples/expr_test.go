package examples

import (
	"fmt"
	"regexp"
	"strings"
)

// expression is one of GitHub's: `||`, `&&`, `==`, `!=`, `!`, parentheses,
// strings, always(), success(), failure() and paths into contexts. What is not
// there is "".
type expression struct {
	tokens []string
	find   func(path string) any
}

var expressionTokens = regexp.MustCompile(`'(?:[^']|'')*'|\|\||&&|==|!=|!|\(|\)|[A-Za-z_][A-Za-z0-9_.-]*(?:\(\))?|\S`)

func evaluate(text string, find func(string) any) any {
	e := &expression{expressionTokens.FindAllString(text, -1), find}
	v := e.or()
	if len(e.tokens) > 0 {
		panic(fmt.Sprintf("%s: not understood from %q", text, e.tokens[0]))
	}
	return v
}

func (e *expression) next(token string) bool {
	if len(e.tokens) == 0 || e.tokens[0] != token {
		return false
	}
	e.tokens = e.tokens[1:]
	return true
}

func (e *expression) or() any {
	v := e.and()
	for e.next("||") {
		if w := e.and(); !truthy(v) {
			v = w
		}
	}
	return v
}

func (e *expression) and() any {
	v := e.equal()
	for e.next("&&") {
		if w := e.equal(); truthy(v) {
			v = w
		}
	}
	return v
}

func (e *expression) equal() any {
	v := e.not()
	switch {
	case e.next("=="):
		return fmt.Sprint(v) == fmt.Sprint(e.not())
	case e.next("!="):
		return fmt.Sprint(v) != fmt.Sprint(e.not())
	}
	return v
}

func (e *expression) not() any {
	switch {
	case e.next("!"):
		return !truthy(e.not())
	case e.next("("):
		v := e.or()
		if !e.next(")") {
			panic("a parenthesis is not closed")
		}
		return v
	case len(e.tokens) == 0:
		panic("an expression ends early")
	}
	token := e.tokens[0]
	e.tokens = e.tokens[1:]
	if strings.HasPrefix(token, "'") {
		return strings.ReplaceAll(token[1:len(token)-1], "''", "'")
	}
	return e.find(token)
}

func truthy(v any) bool { return v != nil && v != "" && v != false }

var placeholders = regexp.MustCompile(`\$\{\{(.*?)\}\}`)

// fill puts values in the place of ${{ … }}.
func fill(text string, find func(string) any) string {
	return placeholders.ReplaceAllStringFunc(text, func(m string) string {
		return fmt.Sprint(evaluate(m[3:len(m)-2], find))
	})
}
