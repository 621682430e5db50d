begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- The answer that is being written will be the active leaf.
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table before as select tests.everything() as everything;
create temp table refused as select tests.call_begin('owner', 'second', 'Next', conversation => 'tale') as answer;
select is(answer - 'rate', '{"outcome": "refused", "code": "conversation_busy", "stream_id": "first",
  "ends_soon": false, "retry_after_s": 15}', 'it names the generation, and when its worker counts as dead') from refused;
select is(answer -> 'rate' ->> 'remaining', '4', 'it does not count') from refused;
select is(tests.everything(), everything, 'nothing was written') from before;
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'the same stream_id is that generation');
select is(tests.call_begin('owner', 'second', conversation => 'tale', context_is_given => true) ->> 'code',
  'conversation_busy', 'a context of the client''s own makes no difference');
select tests.call_finish('first', 'Once');
select is(tests.call_begin('owner', 'second', 'Next', conversation => 'tale') #>> '{context,-2,content}', 'Once',
  'once it has ended the prompt answers it');

rollback to start; -- Where that ends soon it says so.
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_cancel('owner', 'first');
select is(tests.call_begin('owner', 'second', conversation => 'tale') -> 'ends_soon', 'true', 'it is being cancelled');
update relay.generations set cancel_requested_at = cancel_requested_at - interval '4 seconds';
select is(tests.call_begin('owner', 'second', conversation => 'tale') -> 'ends_soon', 'false',
  'a worker that has not ended it by now may be dead');

rollback to start; -- A dead worker's is ended at once.
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select is(tests.call_begin('owner', 'second', conversation => 'tale') #>> '{context,-2,content}', 'Once',
  'what it had is in the context');

rollback to start; -- Other conversations and other users do not matter.
select tests.make_user('stranger');
select tests.given_bot('stranger''s bot', 'stranger');
select tests.given_conversation('other', 'owner', 'bot');
select tests.call_begin('owner', 'first', conversation => 'tale');
select is(tests.call_begin('owner', 'second', conversation => 'other') ->> 'outcome', 'admitted', 'another conversation');
select is(tests.call_begin('owner', 'third') ->> 'outcome', 'admitted', 'a new one');
select is(tests.call_begin('stranger', 'fourth', conversation => 'tale') ->> 'code', 'conversation_not_found',
  'to a stranger there is none');

select * from finish(); rollback;
