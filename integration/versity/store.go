package versity

import (
	"os"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
)

// openStore makes the store of files in dir. It changes the working directory
// to dir: buckets are relative paths to the store.
func openStore(dir string, sidecar bool) (backend.Backend, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	attributes, err := attributesFor(dir, sidecar)
	if err != nil {
		return nil, err
	}
	// PosixOpts has a SideCarDir as well. It would only have it printed.
	return posix.New(dir, attributes, posix.PosixOpts{ValidateBucketNames: true})
}

// attributesFor says where content types and other metadata go: into extended
// attributes of the files if there can be any, else into files of their own.
// Those must be outside of dir, where each directory is a bucket.
func attributesFor(dir string, sidecar bool) (meta.MetadataStorer, error) {
	if !sidecar && hasAttributes(dir) {
		return meta.XattrMeta{}, nil
	}
	if err := os.MkdirAll(dir+".meta", 0o755); err != nil {
		return nil, err
	}
	return meta.NewSideCar(dir + ".meta")
}

// hasAttributes tries: XattrMeta.Test only reads, which more file systems
// allow than writing.
func hasAttributes(dir string) bool {
	f, err := os.CreateTemp(dir, ".attributes-*")
	if err != nil {
		return false
	}
	defer func() { _ = os.Remove(f.Name()) }()
	defer func() { _ = f.Close() }()
	return meta.XattrMeta{}.StoreAttribute(f, "", "", "test", []byte("x")) == nil
}
