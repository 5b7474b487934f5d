/** The institutions of the demo district: fixed, whatever the number of residents. All codes are synthetic. */
export interface Centre {
  readonly id: string;
  readonly name: string;
  readonly code: string;
  /** The one street whose residents count for this centre. */
  readonly street: string;
  readonly streetName: string;
  readonly stations: readonly Station[];
  readonly doctors: readonly Doctor[];
}

export interface Station {
  readonly id: string;
  readonly name: string;
  readonly code: string;
}

export interface Hospital {
  readonly id: string;
  readonly name: string;
  readonly code: string;
}

export interface Doctor {
  readonly id: string;
  readonly name: string;
  readonly staffNumber: string;
}

const STREETS = [
  ['310105001', '华阳路街道', '华阳', 2, ['周明远', '沈佳宜', '陆建安', '许文静']],
  ['310105002', '江苏路街道', '江苏', 2, ['顾正平', '钱雨桐', '何思源']],
  ['310105004', '新华路街道', '新华', 2, ['陶永康', '施雅琴', '吕志诚', '孔梦洁']],
  ['310105005', '周家桥街道', '周家桥', 1, ['严守仁', '华晓岚', '金立群']],
  ['310105006', '天山路街道', '天山路', 3, ['魏长青', '蒋若兰', '韩启明', '邹晓晨']],
  ['310105008', '仙霞新村街道', '仙霞', 3, ['潘安和', '葛欣然', '范博文', '彭静仪', '鲁志远']],
  ['310105009', '虹桥街道', '虹桥', 2, ['苗润泽', '方婉清', '俞世安']],
  ['310105010', '程家桥街道', '程家桥', 1, ['柳承恩', '史雅宁', '唐国栋']],
  ['310105011', '北新泾街道', '北新泾', 1, ['费长林', '岑思琪', '薛明哲']],
  ['310105102', '新泾镇', '新泾镇', 3, ['雷振华', '贺静姝', '倪学文', '汤佳慧', '滕立新']],
] as const;

const WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];

/** The check character of GB 11714 for eight characters. */
function organizationCheck(eight: string): string {
  const sum = WEIGHTS.reduce((total, weight, at) => total + Number.parseInt(eight.charAt(at), 36) * weight, 0);
  return '0X987654321'.charAt(sum % 11);
}

/** 22 characters of WS 218-2002: organisation 9, area 6, economic type 2, institution type 4, management class 1. */
const organizationCode = (eight: string, type: string) => `${eight}${organizationCheck(eight)}31010511${type}1`;

const padded = (number: number, digits: number) => String(number).padStart(digits, '0');

export const BUREAU = {
  id: 'changning',
  name: '长宁区卫生健康委员会',
  code: organizationCode('BUR00001', 'G100'),
} as const;

export const CENTRES: readonly Centre[] = STREETS.map(([street, streetName, name, stations, doctors], index) => {
  const number = padded(index + 1, 2);
  return {
    id: `chc-${number}`,
    name: `长宁区${name}社区卫生服务中心`,
    code: organizationCode(`CHC${padded(index + 1, 5)}`, 'B100'),
    street,
    streetName,
    stations: Array.from({ length: stations }, (_, at) => ({
      id: `station-${number}-${at + 1}`,
      name: `${name}第${'一二三'.charAt(at)}社区卫生服务站`,
      code: organizationCode(`STN${padded(index + 1, 3)}${padded(at + 1, 2)}`, 'B200'),
    })),
    doctors: doctors.map((doctor, at) => ({
      id: `gp-${number}-${at + 1}`,
      name: doctor,
      staffNumber: `GP${number}${padded(at + 1, 3)}`,
    })),
  };
});

export const HOSPITALS: readonly Hospital[] = ['第一', '第二', '第三'].map((ordinal, index) => ({
  id: `hospital-${index + 1}`,
  name: `长宁演示${ordinal}医院`,
  code: organizationCode(`HSP0000${index + 1}`, 'A100'),
}));

const CENTRE_OF_STREET = new Map(CENTRES.map((centre) => [centre.street, centre]));
const CENTRE_OF_PROVIDER = new Map(
  CENTRES.flatMap((centre) => [centre, ...centre.stations].map((provider) => [provider.id, centre] as const)),
);

export function centreOfStreet(street: string): Centre {
  const centre = CENTRE_OF_STREET.get(street);
  if (!centre) throw new RangeError(`no street ${street}`);
  return centre;
}

/** The centre with this id, or that of the station with this id; undefined for a hospital. */
export function centreOfProvider(provider: string): Centre | undefined {
  return CENTRE_OF_PROVIDER.get(provider);
}

export function centre(id: string): Centre {
  const found = CENTRE_OF_PROVIDER.get(id);
  if (!found) throw new RangeError(`no centre ${id}`);
  return found;
}
