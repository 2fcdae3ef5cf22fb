package plugin

import "context"

// tenantStorage is the storage of whichever configuration runs.
type tenantStorage struct{ *tenant }

func (s tenantStorage) Store(ctx context.Context, key string, value []byte) error {
	return s.env.Load().storage.Store(ctx, key, value)
}

func (s tenantStorage) Load(ctx context.Context, key string) ([]byte, error) {
	return s.env.Load().storage.Load(ctx, key)
}

func (s tenantStorage) Delete(ctx context.Context, key string) error {
	return s.env.Load().storage.Delete(ctx, key)
}

func (s tenantStorage) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	return s.env.Load().storage.List(ctx, prefix, recursive)
}

func (s tenantStorage) Lock(ctx context.Context, name string) error {
	return s.env.Load().storage.Lock(ctx, name)
}

func (s tenantStorage) Unlock(ctx context.Context, name string) error {
	return s.env.Load().storage.Unlock(ctx, name)
}
