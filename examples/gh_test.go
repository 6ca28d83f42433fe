package examples

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// hub is what a stub of gh knows of a repository on GitHub; it lies in the file
// that the variable GH_STORE names.
type hub struct {
	ReadOnly bool // the token may not write, as in a pull request from a fork
	Calls    []string
	Comments []post // of the pull request 7
	Issues   []post
}

type post struct {
	ID     int    `json:"id"`
	Number int    `json:"number"`
	Title  string `json:"title"`
	Body   string `json:"body"`
	State  string `json:"state"`
	User   struct {
		Login string `json:"login"`
	} `json:"user"`
	PullRequest map[string]any `json:"pull_request"`
}

// ours are the posts that the workflow's token has written.
func ours(posts []post) []post {
	return slices.DeleteFunc(slices.Clone(posts), func(p post) bool { return p.User.Login != "github-actions[bot]" })
}

func loadHub(file string) (*hub, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	h := &hub{}
	return h, json.Unmarshal(data, h)
}

func (h *hub) save(file string) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// ghMain is the stub: gh api, with the flags that our scripts use.
func ghMain(args []string) int {
	file := os.Getenv("GH_STORE")
	h, err := loadHub(file)
	if err == nil {
		err = h.run(args)
	}
	if h != nil {
		err = errors.Join(err, h.save(file))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gh:", err)
		return 1
	}
	return 0
}

func (h *hub) run(args []string) error {
	if os.Getenv("GH_TOKEN") == "" {
		return errors.New("no token")
	}
	method, path, jq, fields := "GET", "", "", map[string]string{}
	for i := 1; i < len(args); i++ {
		value := func() string { i++; return args[i] }
		switch args[i] {
		case "--paginate", "--silent":
		case "-X":
			method = value()
		case "--jq":
			jq = value()
		case "-f", "-F":
			magic := args[i] == "-F"
			name, v, _ := strings.Cut(value(), "=")
			if at, found := strings.CutPrefix(v, "@"); found && magic {
				data, err := os.ReadFile(at)
				if err != nil {
					return err
				}
				v = string(data)
			}
			fields[name] = v
		default:
			if path != "" || strings.HasPrefix(args[i], "-") {
				return fmt.Errorf("unknown argument %q", args[i])
			}
			path = args[i]
		}
	}
	h.Calls = append(h.Calls, method+" "+path)
	if args[0] != "api" {
		return fmt.Errorf("unknown command %s", args[0])
	}
	if method != "GET" {
		return h.write(method, path, fields)
	}
	return h.list(path, jq)
}

func (h *hub) list(path, jq string) error {
	var posts []post
	switch path {
	case "repos/example-org/infra/issues/7/comments?per_page=100":
		posts = h.Comments
	case "repos/example-org/infra/issues?state=open&per_page=100":
		posts = slices.DeleteFunc(slices.Clone(h.Issues), func(p post) bool { return p.State != "open" })
	default:
		return errors.New("Not Found (HTTP 404)")
	}
	data, err := json.Marshal(posts)
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil || v == nil {
		return err
	}
	query, err := gojq.Parse(jq)
	if err != nil {
		return err
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(os.Environ))
	if err != nil {
		return err
	}
	for it := code.Run(v); ; {
		v, ok := it.Next()
		if !ok {
			return nil
		}
		if err, bad := v.(error); bad {
			return err
		}
		fmt.Println(v)
	}
}

var (
	newPost = regexp.MustCompile(`^POST repos/example-org/infra/issues(/7/comments)?$`)
	oldPost = regexp.MustCompile(`^PATCH repos/example-org/infra/issues/(comments/)?([0-9]+)$`)
)

func (h *hub) write(method, path string, fields map[string]string) error {
	if h.ReadOnly {
		return errors.New("Resource not accessible by integration (HTTP 403)")
	}
	call := method + " " + path
	if m := newPost.FindStringSubmatch(call); m != nil {
		n := 100 + len(h.Comments) + len(h.Issues)
		p := post{ID: n, Number: n, Title: fields["title"], Body: fields["body"], State: "open"}
		p.User.Login = "github-actions[bot]"
		if m[1] != "" {
			h.Comments = append(h.Comments, p)
		} else {
			h.Issues = append(h.Issues, p)
		}
		return nil
	}
	m := oldPost.FindStringSubmatch(call)
	if m == nil {
		return errors.New("Not Found (HTTP 404)")
	}
	posts := h.Issues
	if m[1] != "" {
		posts = h.Comments
	}
	for i := range posts {
		if strconv.Itoa(posts[i].ID) == m[2] {
			posts[i].Body = fields["body"]
			if s := fields["state"]; s != "" {
				posts[i].State = s
			}
			return nil
		}
	}
	return errors.New("Not Found (HTTP 404)")
}
