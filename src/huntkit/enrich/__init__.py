"""What is known about a value: where an address is, who runs it, what a name leads to.

Frames go through steps such as `geo`, which need no network. What asks somebody else does so only
when it is called, and says who.
"""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.enrich.abuse_lists import AbuseLists, Listed, abuse_listed
    from huntkit.enrich.address_kinds import get_ip_type, ip_type
    from huntkit.enrich.azure.blobs import AzureBlobStorage
    from huntkit.enrich.azure.ingestion import LogsIngestion
    from huntkit.enrich.azure.resources import AzureData
    from huntkit.enrich.azure.sentinel import AzureSentinel, MicrosoftSentinel
    from huntkit.enrich.certificates import Certificate, certificate
    from huntkit.enrich.context.contextlookup import ContextLookup
    from huntkit.enrich.dns_lookup import (
        dns_resolve,
        dns_resolve_df,
        ip_rev_resolve,
        ip_rev_resolve_df,
    )
    from huntkit.enrich.domain_checks import DomainValidator
    from huntkit.enrich.geolite import GeoLiteLookup
    from huntkit.enrich.geolocation import GeoDatabases, geo
    from huntkit.enrich.ip_entities import convert_to_ip_entities
    from huntkit.enrich.ipstack import IPStackLookup
    from huntkit.enrich.located import GeoLocation, IpAddress, entity_distance, geo_distance
    from huntkit.enrich.name_parts import dns_components, domain_parts, look_alike, url_components
    from huntkit.enrich.networks import Networks, ip_networks
    from huntkit.enrich.operators import get_asn_details, get_asn_from_ip, get_asn_from_name
    from huntkit.enrich.screenshots import screenshot
    from huntkit.enrich.special_blocks import SpecialPurpose, special_purpose
    from huntkit.enrich.whois_lookup import (
        asn_whois,
        domain_whois,
        get_whois_df,
        get_whois_info,
        ip_whois,
    )

_DOORS = {
    "AbuseLists": "huntkit.enrich.abuse_lists",
    "AzureBlobStorage": "huntkit.enrich.azure.blobs",
    "AzureData": "huntkit.enrich.azure.resources",
    "AzureSentinel": "huntkit.enrich.azure.sentinel",
    "Certificate": "huntkit.enrich.certificates",
    "ContextLookup": "huntkit.enrich.context.contextlookup",
    "DomainValidator": "huntkit.enrich.domain_checks",
    "GeoDatabases": "huntkit.enrich.geolocation",
    "GeoLiteLookup": "huntkit.enrich.geolite",
    "GeoLocation": "huntkit.enrich.located",
    "IPStackLookup": "huntkit.enrich.ipstack",
    "IpAddress": "huntkit.enrich.located",
    "Listed": "huntkit.enrich.abuse_lists",
    "LogsIngestion": "huntkit.enrich.azure.ingestion",
    "MicrosoftSentinel": "huntkit.enrich.azure.sentinel",
    "Networks": "huntkit.enrich.networks",
    "SpecialPurpose": "huntkit.enrich.special_blocks",
    "abuse_listed": "huntkit.enrich.abuse_lists",
    "asn_whois": "huntkit.enrich.whois_lookup",
    "certificate": "huntkit.enrich.certificates",
    "convert_to_ip_entities": "huntkit.enrich.ip_entities",
    "dns_components": "huntkit.enrich.name_parts",
    "dns_resolve": "huntkit.enrich.dns_lookup",
    "dns_resolve_df": "huntkit.enrich.dns_lookup",
    "domain_parts": "huntkit.enrich.name_parts",
    "domain_whois": "huntkit.enrich.whois_lookup",
    "entity_distance": "huntkit.enrich.located",
    "geo": "huntkit.enrich.geolocation",
    "geo_distance": "huntkit.enrich.located",
    "get_asn_details": "huntkit.enrich.operators",
    "get_asn_from_ip": "huntkit.enrich.operators",
    "get_asn_from_name": "huntkit.enrich.operators",
    "get_ip_type": "huntkit.enrich.address_kinds",
    "get_whois_df": "huntkit.enrich.whois_lookup",
    "get_whois_info": "huntkit.enrich.whois_lookup",
    "ip_networks": "huntkit.enrich.networks",
    "ip_rev_resolve": "huntkit.enrich.dns_lookup",
    "ip_rev_resolve_df": "huntkit.enrich.dns_lookup",
    "ip_type": "huntkit.enrich.address_kinds",
    "ip_whois": "huntkit.enrich.whois_lookup",
    "look_alike": "huntkit.enrich.name_parts",
    "screenshot": "huntkit.enrich.screenshots",
    "special_purpose": "huntkit.enrich.special_blocks",
    "url_components": "huntkit.enrich.name_parts",
}

__all__ = [
    "AbuseLists",
    "AzureBlobStorage",
    "AzureData",
    "AzureSentinel",
    "Certificate",
    "ContextLookup",
    "DomainValidator",
    "GeoDatabases",
    "GeoLiteLookup",
    "GeoLocation",
    "IPStackLookup",
    "IpAddress",
    "Listed",
    "LogsIngestion",
    "MicrosoftSentinel",
    "Networks",
    "SpecialPurpose",
    "abuse_listed",
    "asn_whois",
    "certificate",
    "convert_to_ip_entities",
    "dns_components",
    "dns_resolve",
    "dns_resolve_df",
    "domain_parts",
    "domain_whois",
    "entity_distance",
    "geo",
    "geo_distance",
    "get_asn_details",
    "get_asn_from_ip",
    "get_asn_from_name",
    "get_ip_type",
    "get_whois_df",
    "get_whois_info",
    "ip_networks",
    "ip_rev_resolve",
    "ip_rev_resolve_df",
    "ip_type",
    "ip_whois",
    "look_alike",
    "screenshot",
    "special_purpose",
    "url_components",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
