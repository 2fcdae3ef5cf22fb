package docs

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Reasons are the words for what went wrong that the code knows, by where users
// and operators meet them.
type Reasons struct {
	Requests, SignIn, Refreshes []string
}

// All are the words of all places.
func (r *Reasons) All() []string { return slices.Concat(r.Requests, r.SignIn, r.Refreshes) }

// ReadReasons finds them in the source, since most belong to packages that are
// not to be imported from outside.
func ReadReasons(root string) (*Reasons, error) {
	c := &collector{root: root}
	reasons := &Reasons{
		Requests: c.words(
			c.listed("verifier/errors.go", "reasons"), c.returned("verifier/errors.go", "Reason"),
			c.listed("credentials/errors.go", "reasons"), c.returned("credentials/errors.go", "Reason"),
			c.listed("plugin/respond.go", "exchangeReasons"), c.returned("plugin/respond.go", "reasonOf"),
		),
		SignIn: c.words(
			c.listed("plugin/internal/signin/errors.go", "reasons"), c.returned("plugin/internal/signin/errors.go", "Reason", "word"),
			c.passed("count", 1), c.passed("fail", 1), c.passed("problem", 1), c.passed("trouble", 1), c.inputs(),
		),
		Refreshes: c.words(c.listed("plugin/internal/session/errors.go", "reasons"), c.returned("plugin/internal/session/errors.go", "Reason")),
	}
	return reasons, errors.Join(c.errs...)
}

// Messages are the log lines of the modules above DEBUG and of the audit log, each
// up to where it varies.
func Messages(root string) ([]string, error) {
	c := &collector{root: root}
	messages := c.words(c.passed("Warn", 0), c.passed("Error", 0), c.passed("Info", 0), c.passed("Log", 1), c.passed("record", 1), c.passed("problem", 0), c.outages())
	messages = slices.DeleteFunc(messages, func(text string) bool { return !strings.Contains(text, " ") })
	return messages, errors.Join(c.errs...)
}

// collector finds string literals. What it finds nothing of is an error: then the
// code has changed, and the collector must.
type collector struct {
	root string
	errs []error
}

func (c *collector) fail(what string) { c.errs = append(c.errs, errors.New("found nothing of "+what)) }

// words are the literals of all lists, each once.
func (c *collector) words(lists ...[]string) []string {
	all := make(map[string]bool)
	for _, list := range lists {
		for _, word := range list {
			if word != "" && word != "ok" && word != "challenge" { // successes
				all[word] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func (c *collector) parse(path string) *ast.File {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(c.root, path), nil, 0)
	if err != nil {
		c.errs = append(c.errs, err)
		return new(ast.File)
	}
	return file
}

// modules are the files of the package plugin.
func (c *collector) modules() (files []*ast.File) {
	paths, err := filepath.Glob(filepath.Join(c.root, "plugin/*.go"))
	if err == nil && len(paths) == 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		c.errs = append(c.errs, err)
	}
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			files = append(files, c.parse("plugin/"+filepath.Base(path)))
		}
	}
	return files
}

// listed are the literals in the value of a variable.
func (c *collector) listed(path, variable string) (found []string) {
	ast.Inspect(c.parse(path), func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && spec.Names[0].Name == variable {
			for _, value := range spec.Values {
				found = append(found, literals(value)...)
			}
		}
		return true
	})
	if len(found) == 0 {
		c.fail(path + ": " + variable)
	}
	return found
}

// returned are the literals that functions return.
func (c *collector) returned(path string, functions ...string) (found []string) {
	for _, decl := range c.parse(path).Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok || !slices.Contains(functions, function.Name.Name) {
			continue
		}
		ast.Inspect(function, func(node ast.Node) bool {
			if result, ok := node.(*ast.ReturnStmt); ok {
				for _, value := range result.Results {
					if text, ok := literal(value); ok {
						found = append(found, text)
					}
				}
			}
			return true
		})
	}
	if len(found) == 0 {
		c.fail(path + ": " + strings.Join(functions, ", "))
	}
	return found
}

// passed are literals that modules pass to a method, at a position.
func (c *collector) passed(method string, position int) (found []string) {
	for _, file := range c.modules() {
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) <= position {
				return true
			}
			if selector, ok := call.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == method {
				if text, ok := literal(call.Args[position]); ok {
					found = append(found, text)
				}
			}
			return true
		})
	}
	if len(found) == 0 {
		c.fail("calls of " + method)
	}
	return found
}

// composites are the literals of a struct, by position or name.
func (c *collector) composites(typ string, wanted func(index int, name string) bool) (found []string) {
	for _, file := range c.modules() {
		ast.Inspect(file, func(node ast.Node) bool {
			composite, ok := node.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if name, ok := composite.Type.(*ast.Ident); !ok || name.Name != typ {
				return true
			}
			for i, element := range composite.Elts {
				name := ""
				if pair, ok := element.(*ast.KeyValueExpr); ok {
					element = pair.Value
					if key, ok := pair.Key.(*ast.Ident); ok {
						name = key.Name
					}
				}
				if text, ok := literal(element); ok && wanted(i, name) {
					found = append(found, text)
				}
			}
			return true
		})
	}
	if len(found) == 0 {
		c.fail(typ)
	}
	return found
}

// inputs are the codes of requests to sign-in that cannot be read.
func (c *collector) inputs() []string {
	return c.composites("inputError", func(index int, _ string) bool { return index == 1 })
}

// outages are the messages of lasting trouble.
func (c *collector) outages() []string {
	return c.composites("outage", func(int, string) bool { return true })
}

// literal is a string, or the beginning of one that goes on with something else.
func literal(expr ast.Expr) (string, bool) {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(expr.Value)
		return text, err == nil && expr.Kind == token.STRING
	case *ast.BinaryExpr:
		return literal(expr.X)
	}
	return "", false
}

func literals(expr ast.Expr) (found []string) {
	ast.Inspect(expr, func(node ast.Node) bool {
		if basic, ok := node.(*ast.BasicLit); ok {
			if text, ok := literal(basic); ok {
				found = append(found, text)
			}
		}
		return true
	})
	return found
}
