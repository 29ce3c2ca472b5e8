package docs

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Page is one Markdown file.
type Page struct {
	// Path is relative to the repository's root.
	Path, Text string
	Blocks     []Block
}

// Block is one fenced block.
type Block struct {
	// Info is what follows the fence, such as "sh run".
	Info string
	// Line is that of the block's first line in its file.
	Line int
	Text string
}

// Shell reports whether the block holds commands.
func (b Block) Shell() bool { return b.Info == "sh" || b.Run() }

// Run reports whether the block's commands are run by a test.
func (b Block) Run() bool { return b.Info == "sh run" }

// Pages reads README.md, CONTRIBUTING.md and everything below docs.
func Pages(root string) ([]Page, error) {
	paths := []string{"README.md", "CONTRIBUTING.md"}
	for _, pattern := range []string{"docs/*.md", "docs/decisions/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, fmt.Errorf("look for %s: %w", pattern, err)
		}
		for _, f := range found {
			paths = append(paths, strings.TrimPrefix(f, root+string(filepath.Separator)))
		}
	}
	var pages []Page
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		pages = append(pages, Page{Path: path, Text: string(text), Blocks: blocks(string(text))})
	}
	return pages, nil
}

func blocks(text string) []Block {
	var all []Block
	var open *Block
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		info, fence := strings.CutPrefix(lines.Text(), "```")
		switch {
		case fence && open == nil:
			open = &Block{Info: info, Line: n + 1}
		case fence:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.Text += lines.Text() + "\n"
		}
	}
	return all
}
