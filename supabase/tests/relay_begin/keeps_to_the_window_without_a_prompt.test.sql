begin; select plan(19);
select tests.make_user('owner');
select tests.given_bot('Crow', 'owner');
select tests.given_bot('bot', 'owner');
-- Of 2,000 tokens 500 are for the answer, a tenth is in reserve: 1,350 are 4,050 bytes at first.
update public.bots set context_tokens = 2000, system_prompt = null;
select tests.given_conversation('tale', 'owner', 'bot');
select tests.given_turns('tale', 20, 188);
create temp view cut as
  select g.stream_id, g.context_messages as sent, g.left_out, g.context_bytes as bytes, (
    select 'p' || n from generate_series(1, 20) n where tests.key('p' || n) = g.context_start
  ) as start
  from relay.generations g;
savepoint start;

-- The old text, the instruction to go on with it, and its prompt are never cut; half of what they leave holds 8 more.
create temp table begun as select tests.call_begin('owner', 'a', continue_of => 'a20', fence => 'own') as answer;
select results_eq('select start, sent, left_out, bytes from cut', $$ values ('p16', 10, 30, 12 + 217 + 10 * 200::bigint) $$,
  'an answer is continued behind what there is room for');
select is(answer -> 'context' -> 9 ->> 'role', 'assistant', 'its text comes last') from begun;
select is(tests.call_begin('owner', 'a', continue_of => 'a20', fence => 'own') - 'rate', answer - 'rate',
  'a worker whose answer got lost gets the same') from begun;
select tests.call_finish('a', repeat('y', 188));
select tests.call_begin('owner', 'b', repeat('z', 188), conversation => 'tale');
select results_eq('select start, sent, left_out from cut where stream_id = $$b$$', $$ values ('p16', 11, 30) $$,
  'what follows begins where that began');

rollback to start; -- With prefill nothing asks to go on.
update public.bots set takes_prefill = true;
select tests.call_begin('owner', 'a', continue_of => 'a20');
select is(bytes, 12 + sent * 200::bigint, 'and nothing is counted for that') from cut;

rollback to start; -- OpenAI's Responses take no prefill, and a limit has a name in each API.
update public.bots set takes_prefill = true, api = 'openai_responses';
select tests.call_begin('owner', 'a', continue_of => 'a20');
select is(bytes, 12 + 217 + sent * 200::bigint, 'and the turn that asks to go on is counted where there is none') from cut;
select is(
  array(
    select relay.reply_of(900, params::jsonb, 2000) from unnest(array[
      '{}', '{"max_tokens": 1}', '{"max_completion_tokens": 2}', '{"max_output_tokens": 3}', '{"maxOutputTokens": 4}',
      '{"generationConfig": {"maxOutputTokens": 5}}', '{"generationConfig": 7}', '{"generationConfig": {"topK": 1}}'
    ]) params
  ),
  '{900, 1, 2, 3, 4, 5, 900, 900}', 'the limit of an answer is found under each name that it has'
);

rollback to start;
create temp table begun as select tests.call_begin('owner', 'a', answer_to => 'a20', fence => 'own') as answer;
select results_eq('select start, sent, left_out, bytes from cut', $$ values ('p16', 10, 30, 12 + 18 + 10 * 200::bigint) $$,
  'a message is answered behind what there is room for');
select is(tests.call_begin('owner', 'a', answer_to => 'a20', fence => 'own') - 'rate', answer - 'rate',
  'and the same again') from begun;
select tests.call_begin('owner', 'b', answer_to => 'p20');
select is(bytes, 12 + sent * 200::bigint, 'a user''s message needs no turn behind it') from cut where stream_id = 'b';

rollback to start; -- Names are sent, too.
update public.bots set name = repeat('n', 100) where id = tests.key('Crow');
update public.messages set bot_id = tests.key('Crow') where not is_user_author;
create temp table begun as select tests.call_begin('owner', 'a', 'Go on!', conversation => 'tale', fence => 'own') as answer;
select results_eq('select start, sent, left_out, bytes from cut', $$ values ('p17', 9, 32, 12 + 18 + 8 * 200 + 4 * 102::bigint) $$,
  'the names of other bots take room');
select is(tests.call_begin('owner', 'a', 'Go on!', conversation => 'tale', fence => 'own') - 'rate', answer - 'rate',
  'and the same again') from begun;
select is(jsonb_path_query_array(p.answer, '$.messages[*].bytes'), '[200, 302, 200, 302, 200, 302, 200, 302, 18]',
  'and a preview shows them')
from (select tests.call_begin('owner', 'b', 'Go on!', conversation => 'tale', parent => 'a20', preview => true)) p (answer);

rollback to start; -- What is never cut may be too much.
update public.messages set content = repeat('x', 12500) where id = tests.key('a20');
select is(tests.call_begin('owner', 'a', continue_of => 'a20') ->> 'code', 'context_exceeded', 'an answer to continue');
select is(tests.call_begin('owner', 'a', answer_to => 'a20') ->> 'code', 'context_exceeded', 'a message to answer');
select is(tests.call_begin('owner', 'a', 'Hi', parent => 'a20') ->> 'outcome', 'admitted', 'but not what a prompt follows');
create temp table seen as select tests.call_begin('owner', 'b', continue_of => 'a20', preview => true) as answer;
select is(answer -> 'fits', 'false', 'a preview says so') from seen;
select is(jsonb_path_query_array(answer, '$.messages[*].message_id'), jsonb_build_array(tests.key('p20'), tests.key('a20')),
  'and shows what would be sent all the same') from seen;

rollback to start; -- A generation that runs keeps no preview from being shown.
select tests.given_generation('running', 'owner', conversation => 'tale', parent => 'p20');
select is(tests.call_begin('owner', 'a', 'Hi', conversation => 'tale', preview => true) ->> 'outcome', 'previewed',
  'with the message that is the active leaf now');

select * from finish(); rollback;
