// Command trueup keeps a Cloudflare user, account or zone true to files in git.
package main

import (
	"os"

	"trueup/cli"
)

func main() {
	os.Exit(cli.Main(cli.Process()))
}
