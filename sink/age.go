package sink

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// encrypt gives the text as an age file for the recipients: binary, as age
// itself writes it by default, since every age reads that and nobody is to read
// it in an editor.
func encrypt(recipients []string, text string) ([]byte, error) {
	parsed, err := parseRecipients(recipients)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, parsed...)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(w, text)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

func parseRecipients(texts []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, text := range texts {
		found, err := parseRecipient(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	if len(out) == 0 {
		return nil, errors.New("age needs at least one recipient")
	}
	return out, nil
}

// parseRecipient reads age1… (of whatever sort age knows) or ssh-….
func parseRecipient(text string) ([]age.Recipient, error) {
	switch {
	case strings.HasPrefix(text, "ssh-"):
		r, err := agessh.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("age recipient %q: %w", text, err)
		}
		return []age.Recipient{r}, nil
	case strings.HasPrefix(text, "age1") && !strings.ContainsAny(text, "\r\n"):
		found, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("age recipient %q is malformed", text)
		}
		return found, nil
	case strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-"):
		return nil, errors.New("an age recipient is a private key: write the public one, age1…")
	}
	return nil, fmt.Errorf("age recipient %q is neither age1… nor ssh-ed25519 … nor ssh-rsa …", text)
}
