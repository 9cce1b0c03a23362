import { type ClientConfig, type Gateways, onlyTheFirst } from './gateway.ts'
import { plistXml } from './plist.ts'
import { nameUuid, URL_NAMESPACE } from './uuid.ts'

/** The media type at which iPhones and iPads offer to install a profile. */
export const APPLE_PROFILE_TYPE = 'application/x-apple-aspen-config'

/**
 * A configuration profile for iOS, iPadOS and macOS. Not signed: the system says so and installs it all the same.
 * @see https://developer.apple.com/documentation/devicemanagement/dnssettings
 */
export async function appleProfile(gateways: Gateways): Promise<ClientConfig> {
  const [{ url, addresses }] = gateways
  const { host } = new URL(url)
  const profileId = await nameUuid(URL_NAMESPACE, url)
  const identifier = `bitdoh.${host.replace(/[^a-z0-9.-]/g, '-')}`
  const settings = {
    PayloadType: 'com.apple.dnsSettings.managed',
    PayloadVersion: 1,
    PayloadIdentifier: `${identifier}.dns`,
    PayloadUUID: await nameUuid(profileId, 'dns'),
    PayloadDisplayName: `DNS over HTTPS by ${host}`,
    DNSSettings: {
      DNSProtocol: 'HTTPS',
      ServerURL: url,
      ...(addresses.length > 0 && { ServerAddresses: addresses }),
    },
  }
  const profile = {
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: identifier,
    PayloadUUID: profileId,
    PayloadDisplayName: `Namecoin .bit names by ${host}`,
    PayloadDescription: `Sends DNS questions to ${url}, which answers names under .bit, too.`,
    PayloadRemovalDisallowed: false,
    PayloadContent: [settings],
  }
  return {
    fileName: 'bitdoh.mobileconfig',
    text: plistXml(profile),
    notes: [
      'Open it on the iPhone, iPad or Mac, then install it in Settings, General, VPN & Device Management (on a Mac: ' +
        'System Settings, Privacy & Security, Profiles).',
      ...onlyTheFirst('A profile', gateways),
    ],
  }
}
