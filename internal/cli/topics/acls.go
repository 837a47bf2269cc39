package topics

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/config"
	"drover/internal/store"
	"drover/internal/stream"
)

// aclsCommand is `drover topics acls`.
func (o *options) aclsCommand() *cobra.Command {
	var of string
	var grant bool
	c := &cobra.Command{Use: "acls", Short: "Print or grant the rights that each service needs", Args: cobra.NoArgs,
		Long: `Print the least rights that each service needs, from the table of topics, for users
called like the services: ingest, forecaster, planner, executor, operator. For
Kafka as kafka-acls commands, for Redis as the lines of an ACL file.

--grant grants Kafka's at once, as the user of the connection, who must be
allowed to alter the cluster. Rights that stand there already are left alone.`,
		Example: `  drover topics acls > acls.sh
  drover topics acls --for redis >> /etc/redis/users.acl
  drover topics acls --grant --brokers kafka:9093 --kafka-tls --kafka-user admin --kafka-password-file admin.secret`,
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := o.load(c)
			switch {
			case err != nil:
				return err
			case of != "kafka" && of != "redis":
				return cli.Usage(fmt.Errorf("--for %q: want kafka or redis", of))
			case grant && of == "redis":
				return cli.Usage(errors.New("--grant: Redis' rights are printed only: put them into its ACL file"))
			case grant:
				return o.grant(c, conf)
			case of == "redis":
				return o.redisACLs(c, conf)
			}
			return o.kafkaACLs(c, conf)
		}}
	c.Flags().StringVar(&of, "for", "kafka", "kafka or redis")
	c.Flags().BoolVar(&grant, "grant", false, "grant the rights on the brokers instead of printing them")
	return c
}

func (o *options) kafkaACLs(c *cobra.Command, conf *config.Config) error {
	if o.output == "json" {
		return json.NewEncoder(c.OutOrStdout()).Encode(stream.Rights(conf.Kafka.Prefix))
	}
	_, err := fmt.Fprint(c.OutOrStdout(), stream.ACLScript(conf.Kafka.Prefix))
	return err
}

// redisACLs prints the users of the stages, which alone keep state.
func (o *options) redisACLs(c *cobra.Command, conf *config.Config) error {
	var users []store.User
	for _, stage := range []string{stream.Forecaster, stream.Planner, stream.Executor} {
		users = append(users, store.UserOf(conf.Kafka.Prefix, stage))
	}
	if o.output == "json" {
		return json.NewEncoder(c.OutOrStdout()).Encode(users)
	}
	// Not on standard output: an ACL file takes no comments.
	fmt.Fprintln(c.ErrOrStderr(), "put the SHA-256 of each password (64 hex digits) for PASSWORD")
	for _, u := range users {
		fmt.Fprintln(c.OutOrStdout(), u.Line("#PASSWORD"))
	}
	return nil
}

func (o *options) grant(c *cobra.Command, conf *config.Config) error {
	admin, err := openAdmin(c, conf)
	if err != nil {
		return err
	}
	defer admin.Close()
	granted, err := admin.Grant(c.Context())
	if err != nil {
		return err
	}
	if o.output == "json" {
		return json.NewEncoder(c.OutOrStdout()).Encode(granted)
	}
	for _, r := range granted {
		fmt.Fprintln(c.OutOrStdout(), r)
	}
	return nil
}
