begin; select plan(4);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
update public.bots set context_tokens = 4000, system_prompt = null;
select tests.given_conversation('tale', 'owner', 'bot');
select tests.call_begin('owner', 'first', repeat('x', 2988), conversation => 'tale');
select tests.call_finish('first', repeat('x', 2988), prompt_tokens => 753);
select is(bytes_per_token, 4::real, 'four bytes a token were measured') from relay.generations;

-- Text of another kind has more tokens, and the provider refuses it.
select tests.call_begin('owner', 'second', repeat('x', 4488), conversation => 'tale');
select is(context_bytes, 10512::bigint, 'the next prompt seems to fit') from relay.generations where stream_id = 'second';
select tests.call_finish('second', '', 'failed', 'error', 'context_exceeded');
select is(bytes_per_token < 2.37, true, 'what it was estimated with was too much') from relay.generations
where stream_id = 'first';
select tests.call_begin('owner', 'third', repeat('x', 4488), conversation => 'tale');
select is(context_bytes, 4512::bigint, 'the same prompt is sent with less before it') from relay.generations
where stream_id = 'third';

select * from finish(); rollback;
