package page_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// document is a page as a browser reads it.
type document struct {
	t    testing.TB
	root *html.Node
}

func parse(t testing.TB, text string) document {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return document{t, root}
}

// all are the elements of these names, in order; without names, all elements.
func (d document) all(names ...string) []*html.Node {
	var list []*html.Node
	for node := range d.root.Descendants() {
		if node.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, node.Data)) {
			list = append(list, node)
		}
	}
	return list
}

func (d document) byID(id string) *html.Node {
	for _, node := range d.all() {
		if attr(node, "id") == id {
			return node
		}
	}
	return nil
}

// textOf is the text of the element with an ID.
func (d document) textOf(id string) string {
	node := d.byID(id)
	if node == nil {
		d.t.Fatalf("expected an element with the ID %s", id)
	}
	return text(node)
}

func text(node *html.Node) string {
	var b strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func attr(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(node *html.Node, name string) bool {
	return slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// inputs are those that a person can fill in.
func (d document) inputs() []*html.Node {
	return slices.DeleteFunc(d.all("input", "select", "textarea"), func(n *html.Node) bool { return attr(n, "type") == "hidden" })
}

func (d document) named(name string) *html.Node {
	for _, node := range d.all("input") {
		if attr(node, "name") == name {
			return node
		}
	}
	return nil
}
