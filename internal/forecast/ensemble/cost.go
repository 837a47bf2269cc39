package ensemble

// Operations estimates the work that Join does at Quick effort for series of a
// length: counted additions and multiplications, not time, so that a budget
// means the same on every machine. It is meant for choosing how many series fit
// into a round; it was compared with profiles and is right within a third.
func Operations(series, length, season, horizon int) int64 {
	n, size, h, lags := int64(series), int64(length), int64(horizon), int64(8*season)
	origins := int64(Quick.origins()) + 1
	regression := 8*(h+lags)*(h+lags) + 2*h*lags                   // products of both base regressions
	smoothing := int64(15*15) * size                               // a pass for each parameter tried
	order := int64(3*150) * size                                   // three orders of ARIMA
	plain := 4*h*lags + 60*size                                    // base forecasts of one origin
	tree := int64(50*15) * h                                       // the forest at every step
	network := int64(7*4*12*(2*season+13)) + h*int64(13+6*horizon) // one pass through the network
	rows := max(40*n, 1500) / 6
	samples := max(3*n, 128)
	perSeries := regression + smoothing + order + origins*(2*plain+tree+network)
	common := rows*(plain+6*50*30) + samples*(3*network+plain) + lags*lags*(lags/3+2*h)
	return n*perSeries + common
}
