package cognitolocal

// bindDevice ties the session to the device that signed in. A pool that tracks
// devices starts tracking one that it does not know. The caller holds the lock.
func (p *Pool) bindDevice(f *family, a *attempt, u *User) *newDeviceMetadata {
	if p.auth.settings.Devices == DevicesOff {
		return nil
	}
	d := p.auth.factorsOf(u).device(a.deviceKey)
	if d == nil {
		fresh := p.addDevice(u)
		f.boundTo = fresh.DeviceKey
		return fresh
	}
	f.boundTo = d.key
	if a.deviceDone {
		f.deviceKey, d.lastSignIn = d.key, p.now()
	}
	return nil
}

// checkDeviceOf refuses a refresh that does not come with the key of the
// session's device, or before ConfirmDevice or after ForgetDevice, in the words
// that Cognito has for every refresh token it does not like. The token endpoint
// takes no key, and so refreshes no such session. Without tracking, and for
// sessions that began without, there is nothing to check. The caller holds the
// lock.
func (p *Pool) checkDeviceOf(f *family, u *User, key string) error {
	if f.boundTo == "" || p.auth.settings.Devices == DevicesOff {
		return nil
	}
	if d := p.auth.factorsOf(u).device(key); key != f.boundTo || d == nil || !d.confirmed {
		return refreshError(errTokenUnknown)
	}
	return nil
}
