// Package token is `drover token`: make the random tokens that people and
// scripts come in with, and the hashes that are kept of them.
package token

import (
	"fmt"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/web/access"
)

// Command returns the command.
func Command() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Make tokens for the HTTP API"}
	c.AddCommand(newCommand())
	return c
}

func newCommand() *cobra.Command {
	var role string
	c := &cobra.Command{Use: "new NAME", Short: "Print a new token, and the rule that lets it in", Args: cobra.ExactArgs(1),
		Long: `Print a random token on standard output, once, and on standard error the rule
that lets it in, for the file of --access. Only the token's hash stands there.`,
		Example: "  drover token new alice --role approver > alice.token 2>> access.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			var r access.Role
			if err := r.UnmarshalText([]byte(role)); err != nil {
				return cli.Usage(fmt.Errorf("--role: %w", err))
			}
			token, hash := access.NewToken()
			fmt.Fprintln(cmd.OutOrStdout(), token)
			fmt.Fprintf(cmd.ErrOrStderr(), "  - {name: %q, role: %s, token_sha256: %s}\n", args[0], r, hash)
			return nil
		}}
	c.Flags().StringVar(&role, "role", "viewer", "viewer, operator, approver or admin")
	return c
}
