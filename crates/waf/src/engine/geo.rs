//! Where an address is: `@geoLookup` over a database in `MaxMind`'s format (`SecGeoLookupDB`).

use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::Reader;
use maxminddb::geoip2::City;

/// An opened database.
pub(crate) struct Geo(Reader<Arc<[u8]>>);

impl std::fmt::Debug for Geo {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_tuple("Geo").finish_non_exhaustive()
    }
}

/// Names in `GEO` and their values.
pub(crate) type Located = Vec<(&'static str, Vec<u8>)>;

impl Geo {
    pub(crate) fn open(bytes: &Arc<[u8]>) -> Result<Self, String> {
        Reader::from_source(Arc::clone(bytes))
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// What the database says of an address. `None` for what is no address, is not in it, or has a damaged record.
    pub(crate) fn locate(&self, address: &[u8]) -> Option<Located> {
        let address: IpAddr = std::str::from_utf8(address).ok()?.trim().parse().ok()?;
        let found = self.0.lookup(address).ok()?;
        let city: City<'_> = found.decode().ok()??;
        let mut all: Located = Vec::new();
        let mut put = |name, value: Option<&str>| {
            if let Some(value) = value {
                all.push((name, value.as_bytes().to_vec()));
            }
        };
        put("COUNTRY_CODE", city.country.iso_code);
        put("COUNTRY_NAME", city.country.names.english);
        put("COUNTRY_CONTINENT", city.continent.code);
        put("CITY", city.city.names.english);
        put("POSTAL_CODE", city.postal.code);
        let region = city.subdivisions.first();
        put("REGION", region.and_then(|region| region.iso_code));
        let latitude = city.location.latitude.map(|degrees| degrees.to_string());
        let longitude = city.location.longitude.map(|degrees| degrees.to_string());
        put("LATITUDE", latitude.as_deref());
        put("LONGITUDE", longitude.as_deref());
        Some(all)
    }
}
