//! What browsers are told about pages of other origins (the Fetch standard, "CORS protocol"). Every API answers as its own original did.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
        ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_TYPE, ORIGIN, VARY,
    },
};

use super::origin::OriginPolicy;

/// What an API allows to pages of other origins.
#[derive(Debug)]
pub struct Cors {
    pub methods: &'static str,
    /// Request headers.
    pub headers: &'static str,
    /// Request headers where one is asked for that [`Self::headers`] does not have.
    pub more_headers: Option<&'static str>,
    /// Seconds.
    pub max_age: &'static str,
    pub credentials: bool,
    /// What pages may read of an answer's headers, beside those that all may.
    pub exposed: &'static str,
}

impl Cors {
    /// What every answer carries, the preflight's too.
    pub fn of_answer(&self, policy: &OriginPolicy, request: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = vec![
            (ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(self.exposed)),
            (VARY, HeaderValue::from_static("Origin")),
        ];
        // No browser sends two: that is nobody's page, as for sockets.
        let mut origins = request.get_all(ORIGIN).iter();
        if let Some(origin) = policy.answered(origins.next().filter(|_| origins.next().is_none())) {
            headers.push((ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        }
        if self.credentials {
            headers.push((ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
        }
        headers
    }

    /// What the answer to a preflight carries besides.
    pub fn of_preflight(&self, request: &HeaderMap) -> [(HeaderName, HeaderValue); 5] {
        let asked = request.get(ACCESS_CONTROL_REQUEST_HEADERS).and_then(|asked| asked.to_str().ok()).unwrap_or("");
        let has = |name: &str| self.headers.split(',').any(|own| own.eq_ignore_ascii_case(name.trim()));
        let enough = asked.is_empty() || asked.split(',').all(has);
        let headers = self.more_headers.filter(|_| !enough).unwrap_or(self.headers);
        [
            (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(self.methods)),
            (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(headers)),
            (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(self.max_age)),
            (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8")),
            (VARY, HeaderValue::from_static("Origin, Access-Control-Request-Headers")),
        ]
    }

    /// Whether a request asks for permission and nothing else.
    pub fn is_preflight(method: &Method) -> bool {
        method == Method::OPTIONS
    }
}
