import type { Caller } from '#operations/request/context.ts';
import type { Task } from '#threads/task.ts';
import type { HttpRequest, HttpResponse } from './request/messages.ts';

/** A request whose body is so large that parsing, checking and rendering would hold up others. */
export interface LargeRequest {
  readonly caller: Caller;
  readonly request: HttpRequest;
}

export const respondTask: Task<LargeRequest, HttpResponse> = { name: 'respond' };
