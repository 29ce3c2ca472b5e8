package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/hack/cluster/internal/image"
)

func newImage() *cobra.Command {
	var name, user, out string
	var binaries, entrypoint []string
	cmd := &cobra.Command{
		Use:   "image --name REPOSITORY:TAG --binary PATH[:/DESTINATION]... --out FILE.tar",
		Short: "Make an image tarball out of static binaries; the same input gives the same bytes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if name == "" || out == "" {
				return errors.New("an image needs --name REPOSITORY:TAG and --out FILE.tar")
			}
			s := image.Spec{Name: name, User: user, Entrypoint: entrypoint, Files: map[string]string{}}
			for _, b := range binaries {
				source, destination, err := image.ParseFile(b)
				if err != nil {
					return err
				}
				s.Files[destination] = source
			}
			if err := image.Build(s, out); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", out, name)
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the image, REPOSITORY:TAG")
	cmd.Flags().StringArrayVar(&binaries, "binary", nil, "a static binary to put in, PATH or PATH:/DESTINATION; repeatable")
	cmd.Flags().StringArrayVar(&entrypoint, "entrypoint", nil, "what starts, one argument per flag (default: the only binary)")
	cmd.Flags().StringVar(&user, "user", "65532:65532", "UID:GID in numbers")
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	return cmd
}
