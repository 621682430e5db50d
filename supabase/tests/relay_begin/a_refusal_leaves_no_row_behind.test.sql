begin; select plan(2);
select tests.given_tale('owner');
select tests.given_generation('own', 'owner');
select tests.make_user('stranger');
select tests.given_bot('strange bot', 'stranger');
select tests.given_conversation('strange tale', 'stranger');
select tests.given_generation('strange', 'stranger');
create temp table before as select tests.everything() as everything;
select results_eq($$ select coalesce(answer ->> 'code', answer ->> 'outcome') from (values
  (tests.call_begin('owner', 'new', rate_limit => 1)), (tests.call_begin('owner', 'new', max_concurrent => 1)),
  (tests.call_begin('owner', 'strange')), (tests.call_begin('owner', 'new', conversation => 'strange tale')),
  (tests.call_begin('owner', 'new', reroll_of => 'unknown')), (tests.call_begin('owner', 'new', bot => 'strange bot')),
  (tests.call_begin('owner', 'new', conversation => 'tale', max_context => 10))) as refused (answer) $$, array[
  'rate_limited', 'too_many_streams', 'stream_id_taken', 'conversation_not_found', 'message_not_found',
  'bot_not_found', 'payload_too_large'], 'each is refused');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish(); rollback;
