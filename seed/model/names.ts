import type { Random } from '../random.ts';
import type { Gender } from './types.ts';

const SURNAMES = [
  ...'王王王李李李张张张刘刘陈陈陈杨黄赵吴吴周周徐徐孙马朱朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于',
  ...'蒋蔡余杜叶叶程苏魏吕丁任沈沈姚姚卢姜崔钟谭陆陆汪范金金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾顾毛郝龚邵',
];
const MALE = [...'伟强磊军勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢阳建国志德福根宝海荣生金水昌祥'];
const FEMALE = [...'芳娜敏静丽娟艳霞秀玲桂英兰红梅燕莉萍慧婷雪琳颖洁倩佳欣怡梦瑶璐丹凤珍琴云妹宝蕾薇菊仙'];

/** A surname and one or two characters of a given name, drawn apart: the person is invented. */
export function personName(draw: Random, gender: Gender): string {
  const given = gender === 'male' ? MALE : FEMALE;
  return draw.pick(SURNAMES) + draw.pick(given) + (draw.chance(0.72) ? draw.pick(given) : '');
}
